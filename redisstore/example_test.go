package redisstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// Without an output these are built, and not run: they need a Redis.

func ExampleNew() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	store, err := redisstore.New(context.Background(), client)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := authjwt.New(authjwt.Settings{SecretKey: os.Getenv("SECRET_KEY"), Store: store})
	if err != nil {
		log.Fatal(err)
	}
	_ = auth // mount its routes, as without a Store
}

// A cluster, or whatever the addresses are of, with a prefix for an application among others.
func ExampleNew_cluster() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"},
		ContextTimeoutEnabled: true,
	})
	defer client.Close()
	_, err := redisstore.New(context.Background(), client,
		redisstore.WithPrefix("shop:"), redisstore.WithNegativeCache(2*time.Second))
	if err != nil {
		log.Fatal(err)
	}
}

// A managed Redis that forbids INFO: see to it that its maxmemory-policy is noeviction.
func ExampleWithoutEvictionCheck() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	if _, err := redisstore.New(context.Background(), client, redisstore.WithoutEvictionCheck()); err != nil {
		log.Fatal(err)
	}
}

// One Store keeps what was revoked, and the records of who is logged in where.
func ExampleStore_ListSessions() {
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	store, err := redisstore.New(ctx, client)
	if err != nil {
		log.Fatal(err)
	}
	var sessions authjwt.SessionStore = store
	dropped, err := sessions.PutSession(ctx, "a digest of alice", "phone", []byte("a phone"), time.Now().Add(time.Hour))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dropped) // none, unless alice has more than authjwt.MaxSessions
	records, err := sessions.ListSessions(ctx, "a digest of alice")
	if err != nil {
		log.Fatal(err) // Redis is away: there is no list, rather than an empty one
	}
	fmt.Printf("%s\n", records["phone"])
}
