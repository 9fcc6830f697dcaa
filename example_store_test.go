package authjwt_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-authjwt/authjwt"
)

func ExampleMemoryStore_Add() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range 2 {
		present, added, err := store.Add(ctx, "used:k", first, time.Time{})
		fmt.Println(present.UTC().Format(time.TimeOnly), added, err)
		first = first.Add(time.Minute) // comes too late
	}
	// Output:
	// 12:00:00 true <nil>
	// 12:00:00 false <nil>
}

func ExampleMemoryStore_Set() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	err := store.Set(ctx, "subject:k", time.Now(), time.Time{}) // for ever
	fmt.Println(err)
	// Output: <nil>
}

func ExampleMemoryStore_Get() {
	store, ctx := new(authjwt.MemoryStore), context.Background()
	_ = store.Set(ctx, "denied:a", time.Now(), time.Now().Add(time.Hour))
	times, err := store.Get(ctx, "denied:a", "denied:b")
	fmt.Println(times[0].IsZero(), times[1].IsZero(), err)
	// Output: false true <nil>
}
