package redisstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxCheck is how long New may take.
const maxCheck = 2 * time.Second

const policyField = "maxmemory_policy:"

// check asks Redis for its policy and for the sentinels, of which it makes those that are missing.
func (s *Store) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("redisstore: not asked: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, maxCheck)
	defer cancel()
	checked := make(chan error, 1)
	go func() { // the client may not heed ctx
		defer func() {
			if v := recover(); v != nil { // in a hook of the client
				checked <- fmt.Errorf("the client panicked: %v", v)
			}
		}()
		err := s.checkPolicy(ctx)
		if err == nil {
			err = s.checkLayout(ctx)
		}
		checked <- err
	}()
	select {
	case err := <-checked:
		if err != nil {
			return fmt.Errorf("redisstore: %w", err)
		}
	case <-ctx.Done():
		return fmt.Errorf("redisstore: no answer in time: %w", ctx.Err())
	}
	var calls []*call
	for _, p := range s.parts {
		c := s.newCall(ctx)
		p.submit(c)
		calls = append(calls, c)
	}
	for _, c := range calls {
		if err := c.wait(ctx); err != nil {
			if redis.HasErrorPrefix(err, "syntax error") {
				return fmt.Errorf("redisstore: Redis 7.0 or later is needed: %w", err)
			}
			return err
		}
	}
	return nil
}

func (s *Store) checkPolicy(ctx context.Context) error {
	if s.anyPolicy {
		return nil
	}
	one := func(ctx context.Context, server *redis.Client) error { return checkServer(ctx, server) }
	switch client := s.client.(type) {
	case *redis.ClusterClient:
		return client.ForEachMaster(ctx, one)
	case *redis.Ring:
		return client.ForEachShard(ctx, one)
	}
	return checkServer(ctx, s.client)
}

// checkLayout refuses a Redis where another kind of client has kept its entries: they have other keys, so that
// each would not know what the other has revoked.
func (s *Store) checkLayout(ctx context.Context) error {
	other := s.prefix + sentinelName
	if s.alone() {
		other = tagged(s.prefix, tags[0]) + sentinelName
	}
	there, err := s.client.Exists(ctx, other).Result()
	if err != nil {
		return fmt.Errorf("ask for another sentinel: %w", err)
	}
	if there != 0 {
		return fmt.Errorf("entries of another kind of client are there: use the same kind on all servers, or another WithPrefix; "+
			"if it is used no more, delete the key %s", other)
	}
	return nil
}

func checkServer(ctx context.Context, server redis.Cmdable) error {
	info, err := server.Info(ctx, "memory").Result()
	if redis.IsPermissionError(err) {
		return fmt.Errorf("ask for INFO memory (where it is forbidden see WithoutEvictionCheck): %w", err)
	}
	if err != nil {
		return fmt.Errorf("ask for INFO memory: %w", err)
	}
	for line := range strings.Lines(info) {
		policy, found := strings.CutPrefix(strings.TrimSpace(line), policyField)
		switch {
		case policy == "noeviction":
			return nil
		case found:
			return fmt.Errorf("the server's maxmemory-policy is %s: when it is full it forgets what was revoked; "+
				"set it to noeviction, or give authjwt a server of its own", policy)
		}
	}
	return errors.New("INFO memory does not tell the maxmemory-policy; see WithoutEvictionCheck")
}

// checkClient refuses a client that would hang for ever with a server that does, or ask replicas.
func checkClient(client redis.UniversalClient) error {
	heeds, timeout := true, time.Duration(0)
	switch client := client.(type) {
	case *redis.Client:
		heeds, timeout = client.Options().ContextTimeoutEnabled, client.Options().ReadTimeout
	case *redis.ClusterClient:
		heeds, timeout = client.Options().ContextTimeoutEnabled, client.Options().ReadTimeout
		if client.Options().ReadOnly { // the options to route set it, too
			return errors.New("redisstore: the client reads from replicas, which may not know yet what was revoked; " +
				"leave ReadOnly, RouteByLatency and RouteRandomly unset")
		}
	case *redis.Ring: // which leaves the defaults to its shards
		if shards := client.GetShardClients(); len(shards) > 0 {
			return checkClient(shards[0])
		}
	}
	if !heeds && timeout <= 0 {
		return errors.New("redisstore: the client waits for ever for a server that hangs; set its ContextTimeoutEnabled")
	}
	return nil
}

func isNil(client redis.UniversalClient) bool {
	if client == nil {
		return true
	}
	v := reflect.ValueOf(client)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
