package authjwt_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-authjwt/authjwt"
)

func ExampleMemoryStore_PutSession() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	for i := range authjwt.MaxSessions {
		_, _ = store.PutSession(ctx, "digest", fmt.Sprint("phone", i), []byte("a phone"), time.Time{}) // for ever
	}
	dropped, err := store.PutSession(ctx, "digest", "laptop", []byte("a laptop"), time.Now().Add(time.Hour))
	fmt.Println(dropped, err)
	// Output: [phone0] <nil>
}

func ExampleMemoryStore_ListSessions() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	_, _ = store.PutSession(ctx, "digest", "phone", []byte("a phone"), time.Time{}) // for ever
	_, _ = store.PutSession(ctx, "digest", "laptop", []byte("a laptop"), time.Now().Add(time.Hour))
	all, err := store.ListSessions(ctx, "digest")
	fmt.Printf("%s %v\n", all, err)
	// Output: map[laptop:a laptop phone:a phone] <nil>
}

func ExampleMemoryStore_RemoveSessions() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	_, _ = store.PutSession(ctx, "digest", "phone", nil, time.Time{})
	err := store.RemoveSessions(ctx, "digest", "phone", "television")
	left, _ := store.ListSessions(ctx, "digest")
	fmt.Println(left, err)
	// Output: map[] <nil>
}
