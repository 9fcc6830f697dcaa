package redisserver_test

import (
	"fmt"
	"runtime"
	"testing"
)

// A fakeTB is a test that may fail.
type fakeTB struct {
	testing.TB
	failed, skipped bool
	text            string
	cleanups        []func()
}

// run runs the test and what it has to clean up.
func (f *fakeTB) run(test func()) {
	f.do(test)
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.do(f.cleanups[i])
	}
}

func (f *fakeTB) do(what func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		what()
	}()
	<-done
}

func (f *fakeTB) Cleanup(what func())               { f.cleanups = append(f.cleanups, what) }
func (f *fakeTB) Failed() bool                      { return f.failed }
func (f *fakeTB) Log(args ...any)                   { f.text += fmt.Sprintln(args...) }
func (f *fakeTB) Logf(format string, args ...any)   { f.Log(fmt.Sprintf(format, args...)) }
func (f *fakeTB) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

func (f *fakeTB) Fatal(args ...any) {
	f.Log(args...)
	f.failed = true
	runtime.Goexit()
}

func (f *fakeTB) Skip(args ...any) {
	f.Log(args...)
	f.skipped = true
	runtime.Goexit()
}
