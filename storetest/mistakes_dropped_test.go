package storetest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// editDropped changes what is told of.
func editDropped(edit func(p *put, dropped []string) []string) func(w *wrong) {
	return func(w *wrong) {
		right := w.put
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			dropped, err := right(ctx, owner, id, record, until)
			if err != nil {
				return nil, err
			}
			return edit(&put{owner, id, record, until}, dropped), nil
		}
	}
}

// tellsAgain is what compares lists before and after without a lock: two see the same one go.
func tellsAgain(w *wrong) {
	var mu sync.Mutex
	var last []string
	editDropped(func(_ *put, dropped []string) []string {
		mu.Lock()
		defer mu.Unlock()
		told := append(last, dropped...)
		last = slices.Clone(dropped)
		return told
	})(w)
}

func keepsFewAndSays(w *wrong) {
	put := w.put
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		dropped, err := put(ctx, owner, id, record, until)
		if have, _ := w.list(ctx, owner); len(have) >= 900 && err == nil {
			dropped = append(dropped, w.removeOther(owner, id))
		}
		return dropped, err
	}
}

func dropsOneMore(w *wrong) {
	put := w.put
	w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
		dropped, err := put(ctx, owner, id, record, until)
		if len(dropped) > 0 {
			w.removeOther(owner, id)
		}
		return dropped, err
	}
}

// removeOther removes the first by id, but for one.
func (w *wrong) removeOther(owner, but string) (first string) {
	have, _ := w.list(context.Background(), owner)
	for id := range have {
		if id != but && (first == "" || id < first) {
			first = id
		}
	}
	_ = w.remove(context.Background(), owner, first)
	return first
}

// dropsNew lets nothing new in where it is full.
func dropsNew(says bool) func(w *wrong) {
	return func(w *wrong) {
		put := w.put
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			have, _ := w.list(ctx, owner)
			if _, there := have[id]; there || len(have) < authjwt.MaxSessions {
				return put(ctx, owner, id, record, until)
			}
			if says {
				return []string{id}, nil
			}
			return nil, nil
		}
	}
}

// tellsOfOver tells of what is over with the next that is put for its owner.
func tellsOfOver(w *wrong) {
	var mu sync.Mutex
	ends := map[string]map[string]time.Time{}
	editDropped(func(p *put, dropped []string) []string {
		mu.Lock()
		defer mu.Unlock()
		for id, end := range ends[p.owner] {
			if !end.IsZero() && end.Add(time.Second).Before(w.Time()) {
				dropped = append(dropped, id)
				delete(ends[p.owner], id)
			}
		}
		if ends[p.owner] == nil {
			ends[p.owner] = map[string]time.Time{}
		}
		ends[p.owner][p.id] = p.until
		return dropped
	})(w)
}
