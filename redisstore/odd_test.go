package redisstore_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/redisstore"
)

// An oddity is what a server does, what must fail of Get, Add and Set by their letters (what does not must tell
// the truth), and L where all that was issued before is lost.
type oddity struct {
	name  string
	odd   odds
	fails string
}

// Whatever Redis answers, an entry that is there is found or an error is, in time, and all heals.
func TestS03_RedisOddReplies(t *testing.T) {
	all := t
	get := func(reply string) odds { return odds{"GET": reply} }
	rows := []oddity{
		{"nothing odd", nil, ""},

		{"EXISTS text", odds{"EXISTS": "+OK\r\n"}, "G"},
		{"EXISTS bulk", odds{"EXISTS": bulk("one")}, "G"},
		{"EXISTS array", odds{"EXISTS": "*1\r\n:1\r\n"}, "G"},
		{"EXISTS 30 digits", odds{"EXISTS": ":" + strings.Repeat("1", 30) + "\r\n"}, "G"},
		{"EXISTS no RESP", odds{"EXISTS": "HTTP/1.1 400 Bad Request\r\n\r\n"}, "G"},
		{"EXISTS half", odds{"EXISTS": ":"}, "G"},
		{"EXISTS half and away", odds{"EXISTS": ":" + hangUp}, "G"},
		{"EXISTS negative", odds{"EXISTS": ":-1\r\n"}, ""},
		{"EXISTS too high", odds{"EXISTS": ":3\r\n"}, ""},
		{"EXISTS null", odds{"EXISTS": null}, ""},
		{"EXISTS silence", odds{"EXISTS": ""}, "G"},
		{"EXISTS away", odds{"EXISTS": hangUp}, "G"},

		{"GET integer", get(":1700000000000\r\n"), "G"},
		{"GET array", get("*1\r\n" + bulk("1.x")), "G"},
		{"GET simple string", get("+OK\r\n"), "G"},
		{"GET array of -2", get("*-2\r\n"), "G"},
		{"GET endless string", get("$9223372036854775807\r\n"), "G"}, // go-redis panics
		{"GET no RESP", get("HTTP/1.1 400 Bad Request\r\n\r\n"), "G"},
		{"GET dot", get(bulk(".")), "G"},
		{"GET blank", get(bulk(" 1700000000000.x")), "G"},
		{"GET float", get(bulk("1e12.x")), "G"},
		{"GET half", get("$15\r\n17000"), "G"},
		{"GET half and away", get("$15\r\n17000" + hangUp), "G"},
		{"GET no dot", get(bulk("1700000000000")), "G"},
		{"GET empty", get(bulk("")), "G"},
		{"GET no digits", get(bulk("abc.x")), "G"},
		{"GET 30 digits", get(bulk(strings.Repeat("1", 30) + ".x")), "G"},
		{"GET zero time", get(bulk("-62135596800000.x")), "G"},
		{"GET silence", get(""), "G"},
		{"GET away", get(hangUp), "G"},

		{"SENTINEL OK", odds{"SENTINEL": "+OK\r\n"}, "GAS"},
		{"SENTINEL no number", odds{"SENTINEL": bulk("x")}, "GAS"},
		{"SENTINEL empty", odds{"SENTINEL": bulk("")}, "GAS"},
		{"SENTINEL 30 digits", odds{"SENTINEL": bulk(strings.Repeat("1", 30))}, "GAS"},
		{"SENTINEL array", odds{"SENTINEL": "*1\r\n" + null}, "GAS"},
		{"SENTINEL silence", odds{"SENTINEL": ""}, "GAS"},
		{"SENTINEL away", odds{"SENTINEL": hangUp}, "GAS"},
		{"SENTINEL small integer", odds{"SENTINEL": ":1\r\n"}, "L"},
		{"SENTINEL 1", odds{"SENTINEL": bulk("1")}, "L"},
		{"SENTINEL negative", odds{"SENTINEL": bulk("-1")}, "L"},
		{"SENTINEL 1, not renewed", odds{"SENTINEL": bulk("1"), "RENEW": "-OOM command not allowed\r\n"}, "GAS"},

		{"SET other status", odds{"SET": "+QUEUED\r\n"}, "S"},
		{"SET integer", odds{"SET": ":1\r\n"}, "S"},
		{"SET null", odds{"SET": null}, "S"},
		{"SET array", odds{"SET": "*0\r\n"}, "S"},
		{"SET silence", odds{"SET": ""}, "S"},
		{"SET away", odds{"SET": hangUp}, "S"},

		{"ADD OK", odds{"ADD": "+OK\r\n"}, "A"},
		{"ADD garbage", odds{"ADD": bulk("garbage")}, "A"},
		{"ADD no dot", odds{"ADD": bulk("1700000000000")}, "A"},
		{"ADD empty", odds{"ADD": bulk("")}, "A"},
		{"ADD integer", odds{"ADD": ":0\r\n"}, "A"},
		{"ADD silence", odds{"ADD": ""}, "A"},
		{"ADD away", odds{"ADD": hangUp}, "A"},
	}
	for _, text := range errorReplies {
		kind, _, _ := strings.Cut(text, " ")
		reply := "-" + text + "\r\n"
		rows = append(rows,
			oddity{"EXISTS " + kind, odds{"EXISTS": reply}, ""},
			oddity{"GET " + kind, get(reply), "G"},
			oddity{"SET " + kind, odds{"SET": reply}, "S"},
			oddity{"ADD " + kind, odds{"ADD": reply}, "A"},
			oddity{"INCRBY " + kind, odds{"INCRBY": reply}, "AS"},
			oddity{"SENTINEL " + kind, odds{"SENTINEL": reply}, "GAS"},
		)
	}
	patients := make([]*patient, len(rows))
	t.Run("ill", func(t *testing.T) {
		for i, row := range rows {
			patients[i] = newPatient(all, row.patience())
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				patients[i].suffer(t, row)
			})
		}
	})
	for i, row := range rows {
		t.Run(row.name+", healed", func(t *testing.T) { patients[i].heal(t, strings.Contains(row.fails, "L")) })
	}
}

var errorReplies = []string{
	"WRONGTYPE Operation against a key holding the wrong kind of value", "OOM command not allowed when used memory > 'maxmemory'.",
	"READONLY You can't write against a read only replica.", "LOADING Redis is loading the dataset in memory",
	"MOVED 1 127.0.0.1:1", "ASK 1 127.0.0.1:1", "NOAUTH Authentication required.", "NOPERM this user has no permissions",
	"BUSY Redis is busy running a script.", "CLUSTERDOWN The cluster is down", "MISCONF Errors writing to the AOF file",
	"MASTERDOWN Link with MASTER is down", "TRYAGAIN Multiple keys request during rehashing of slot",
	"CROSSSLOT Keys in request don't hash to the same slot", "NOREPLICAS Not enough good replicas to write.",
	"ERR max number of clients reached", "EXECABORT Transaction discarded", "",
}

// scheduling is what calls may take more than they have.
const scheduling = 50 * time.Millisecond

// patience is what calls have: little where they need all of it.
func (o *oddity) patience() time.Duration {
	for _, reply := range o.odd {
		if reply == "" {
			return 200 * time.Millisecond
		}
	}
	return time.Second
}

// A patient is a fake with a store for each kind of call, so that one does not open the circuit of the others:
// there is an entry "there", and alice was revoked.
type patient struct {
	server        *fake
	get, add, set *redisstore.Store
	auth          *authjwt.Manager
	at            time.Time // of the entry
	alice, bob    string    // access tokens
}

func newPatient(t *testing.T, patience time.Duration) *patient {
	t.Helper()
	p := &patient{server: newFake(t), at: time.UnixMilli(time.Now().UnixMilli())}
	quick := func(o *redis.Options) { o.MinRetryBackoff, o.MaxRetryBackoff = time.Millisecond, 2*time.Millisecond }
	open := func() *redisstore.Store { return newStore(t, p.server.client(t, quick)) }
	p.get, p.add, p.set = open(), open(), open()
	require.NoError(t, p.get.Set(t.Context(), "there", p.at, time.Time{}))
	var err error
	p.auth, err = authjwt.New(authjwt.Settings{SecretKey: secret, Store: open(), StoreTimeout: patience})
	require.NoError(t, err)
	p.alice, err = p.auth.CreateAccessToken("alice")
	require.NoError(t, err)
	p.bob, err = p.auth.CreateAccessToken("bob")
	require.NoError(t, err)
	require.NoError(t, p.auth.RevokeSubject(t.Context(), "alice"))
	return p
}

// calls are those of each letter; V is Verify. Without an error they have told the truth.
func (p *patient) calls(t *testing.T) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"G": func(ctx context.Context) error {
			times, err := p.get.Get(ctx, "there", "absent")
			if err == nil && assert.Len(t, times, 2) {
				assert.True(t, p.at.Equal(times[0]), "%v", times)
				assert.True(t, times[1].IsZero(), "%v", times)
			}
			return err
		},
		"A": func(ctx context.Context) error {
			present, added, err := p.add.Add(ctx, "there", p.at.Add(time.Hour), time.Time{})
			assert.False(t, added)
			if err == nil {
				assert.True(t, p.at.Equal(present), "%v", present)
			}
			return err
		},
		"S": func(ctx context.Context) error {
			err := p.set.Set(ctx, "set", p.at, time.Time{})
			if err == nil {
				assert.Contains(t, p.server.has("set"), strconv.FormatInt(p.at.UnixMilli(), 10)+".")
			}
			return err
		},
		"V": func(ctx context.Context) error {
			_, err := p.auth.Verify(ctx, p.alice, authjwt.Access)
			if !errors.Is(err, authjwt.ErrUnavailable) {
				assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
				return nil
			}
			return err
		},
	}
}

func (p *patient) suffer(t *testing.T, row oddity) {
	p.server.be(row.odd)
	var calls sync.WaitGroup
	for letter, call := range p.calls(t) {
		calls.Go(func() {
			has, start := row.patience(), time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), has)
			defer cancel()
			err := call(ctx)
			assert.Less(t, time.Since(start), has+scheduling, letter)
			if letter == "V" {
				letter = "G"
			}
			if strings.Contains(row.fails, letter) {
				assert.Error(t, err, letter)
			} else {
				assert.NoError(t, err, letter)
			}
		})
	}
	calls.Wait()
}

// heal checks that all is well once the server answers properly. A little more than a second is for the probe.
func (p *patient) heal(t *testing.T, lost bool) {
	p.server.be(nil)
	until(t, 1200*time.Millisecond, "every call succeeds", func() bool {
		for _, call := range p.calls(t) {
			if call(t.Context()) != nil {
				return false
			}
		}
		return true
	})
	_, err := p.auth.Verify(t.Context(), p.bob, authjwt.Access)
	if lost {
		assert.ErrorIs(t, err, authjwt.ErrRevokedToken)
	} else {
		assert.NoError(t, err)
	}
}
