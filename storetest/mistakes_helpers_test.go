package storetest_test

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

func same(name string) string { return name }

// A put is what PutSession is asked.
type put struct {
	owner, id string
	record    []byte
	until     time.Time
}

// editPut changes what is put; where edit is false nothing is.
func editPut(edit func(w *wrong, p *put) bool) func(w *wrong) {
	return func(w *wrong) {
		right := w.put
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			p := &put{owner, id, record, until}
			if !edit(w, p) {
				return nil, ctx.Err()
			}
			return right(ctx, p.owner, p.id, p.record, p.until)
		}
	}
}

// editUntil changes ends, but for what is for ever.
func editUntil(edit func(w *wrong, until time.Time) time.Time) func(w *wrong) {
	return editPut(func(w *wrong, p *put) bool {
		if !p.until.IsZero() {
			p.until = edit(w, p.until)
		}
		return true
	})
}

func endsForever(w *wrong) {
	editPut(func(w *wrong, p *put) bool {
		if p.until.IsZero() {
			p.until = w.Time().Add(time.Minute)
		}
		return true
	})(w)
}

// endsTogether is a key's expiry that is set anew by each put.
func endsTogether(w *wrong) {
	var ends sync.Map
	right := w.list
	editPut(func(_ *wrong, p *put) bool {
		ends.Store(p.owner, p.until)
		return true
	})(w)
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		if end, has := ends.Load(owner); has && !end.(time.Time).IsZero() && w.Time().After(end.(time.Time)) {
			return map[string][]byte{}, nil
		}
		return right(ctx, owner)
	}
}

func dropsOldest(w *wrong) {
	var mu sync.Mutex
	puts := 0
	editUntil(func(w *wrong, _ time.Time) time.Time {
		mu.Lock()
		defer mu.Unlock()
		puts++
		return w.Time().Add(time.Hour + time.Duration(puts)*time.Minute)
	})(w)
}

func editNames(ofOwner, ofID func(string) string) func(w *wrong) {
	return func(w *wrong) {
		put, list, remove := w.put, w.list, w.remove
		all := func(ids []string) (edited []string) {
			for _, id := range ids {
				edited = append(edited, ofID(id))
			}
			return edited
		}
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			return put(ctx, ofOwner(owner), ofID(id), record, until)
		}
		w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
			return list(ctx, ofOwner(owner))
		}
		w.remove = func(ctx context.Context, owner string, ids ...string) error {
			return remove(ctx, ofOwner(owner), all(ids)...)
		}
	}
}

// editRemove changes which ids are removed, knowing which there are.
func editRemove(edit func(have, ids []string) []string) func(w *wrong) {
	return func(w *wrong) {
		right := w.remove
		w.remove = func(ctx context.Context, owner string, ids ...string) error {
			have, err := w.list(ctx, owner)
			if err != nil {
				return err
			}
			return right(ctx, owner, edit(slices.Collect(maps.Keys(have)), ids)...)
		}
	}
}

func keepsCallers(w *wrong) {
	kept, right := map[string][]byte{}, w.list
	editPut(func(_ *wrong, p *put) bool {
		kept[p.owner+p.id] = p.record
		return true
	})(w)
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		got, err := right(ctx, owner)
		for id := range got {
			got[id] = slices.Clone(kept[owner+id])
		}
		return got, err
	}
	w.serialize()
}

func givesAway(w *wrong) {
	given, right := map[string][]byte{}, w.list
	editPut(func(_ *wrong, p *put) bool {
		given[p.owner+p.id] = slices.Clone(p.record)
		return true
	})(w)
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		got, err := right(ctx, owner)
		for id := range got {
			got[id] = given[owner+id]
		}
		return got, err
	}
	w.serialize()
}

// serialize lets one call in at a time.
func (w *wrong) serialize() {
	mu, put, list := new(sync.Mutex), w.put, w.list
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		mu.Lock()
		defer mu.Unlock()
		return put(ctx, owner, id, record, until)
	}
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		return list(ctx, owner)
	}
}

func keepsFew(w *wrong) {
	put := w.put
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		if have, _ := w.list(ctx, owner); len(have) >= 900 {
			for first := range have {
				_ = w.remove(ctx, owner, first)
				break
			}
		}
		return put(ctx, owner, id, record, until)
	}
}

// limitsTogether keeps all records under one owner.
func limitsTogether(w *wrong) {
	put, list := w.put, w.list
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		return put(ctx, "all", owner+" "+id, record, until)
	}
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		all, err := list(ctx, "all")
		got := map[string][]byte{}
		for name, record := range all {
			if id, its := strings.CutPrefix(name, owner+" "); its {
				got[id] = record
			}
		}
		return got, err
	}
}

// hasNoLimit keeps the records of an owner under many, by the last character of their ids.
func hasNoLimit(w *wrong) {
	put, list := w.put, w.list
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		return put(ctx, owner+id[len(id)-1:], id, record, until)
	}
	w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
		got := map[string][]byte{}
		for last := ' '; last <= '~'; last++ {
			some, err := list(ctx, owner+string(last))
			if err != nil {
				return nil, err
			}
			maps.Copy(got, some)
		}
		return got, nil
	}
}

// losesWhatComesAtOnce is what a map without a lock does at best.
func losesWhatComesAtOnce(w *wrong) {
	put, busy := w.put, new(sync.Mutex)
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		if !busy.TryLock() {
			return nil, nil
		}
		defer busy.Unlock()
		runtime.Gosched()
		return put(ctx, owner, id, record, until)
	}
}
