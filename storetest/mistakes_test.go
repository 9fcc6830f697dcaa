package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

type (
	putFunc    func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error)
	listFunc   func(ctx context.Context, owner string) (map[string][]byte, error)
	removeFunc func(ctx context.Context, owner string, ids ...string) error
)

// wrong is a right SessionStore until one of its functions is replaced.
type wrong struct {
	*clocked
	put    putFunc
	list   listFunc
	remove removeFunc
}

func newWrong(mistake func(w *wrong)) *wrong {
	c := newClocked()
	w := &wrong{c, c.MemoryStore.PutSession, c.MemoryStore.ListSessions, c.MemoryStore.RemoveSessions}
	mistake(w)
	return w
}

func (w *wrong) PutSession(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
	return w.put(ctx, owner, id, record, until)
}

func (w *wrong) ListSessions(ctx context.Context, owner string) (map[string][]byte, error) {
	return w.list(ctx, owner)
}

func (w *wrong) RemoveSessions(ctx context.Context, owner string, ids ...string) error {
	return w.remove(ctx, owner, ids...)
}

// Each mistake, and the part of the suite that finds it.
var mistakes = []struct {
	name, part string
	make       func(w *wrong)
}{
	{"keeps the caller's record", "records are copied", keepsCallers},
	{"gives its own record away", "records are copied", givesAway},
	{"ignores ctx as it puts", "a done context is an error", func(w *wrong) {
		put := w.put
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			return put(context.WithoutCancel(ctx), owner, id, record, until)
		}
	}},
	{"ignores ctx as it lists", "a done context is an error", func(w *wrong) {
		list := w.list
		w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
			return list(context.WithoutCancel(ctx), owner)
		}
	}},
	{"ignores ctx as it removes", "a done context is an error", func(w *wrong) {
		remove := w.remove
		w.remove = func(ctx context.Context, owner string, ids ...string) error {
			return remove(context.WithoutCancel(ctx), owner, ids...)
		}
	}},
	{"keeps the first", "PutSession replaces", editPut(func(w *wrong, p *put) bool {
		have, _ := w.list(context.Background(), p.owner)
		_, there := have[p.id]
		return !there
	})},
	{"ends early", "records live as long as they must", editUntil(func(w *wrong, until time.Time) time.Time { return until.Add(-2 * time.Second) })},
	{"ends what is for ever", "records live as long as they must", endsForever},
	{"never ends", "records end", editUntil(func(*wrong, time.Time) time.Time { return time.Time{} })},
	{"ends all as the last put does", "records live as long as they must", endsTogether},
	{"ignores what is over", "an end already over", editPut(func(w *wrong, p *put) bool { return p.until.IsZero() || p.until.After(w.Time()) })},
	{"refuses what is over", "an end already over", func(w *wrong) {
		put := w.put
		w.put = func(ctx context.Context, owner, id string, record []byte, until time.Time) ([]string, error) {
			if !until.IsZero() && until.Before(w.Time()) {
				return nil, errors.New("over")
			}
			return put(ctx, owner, id, record, until)
		}
	}},
	{"mixes owners", "owners are apart", editNames(func(string) string { return "all" }, same)},
	{"folds owners", "owners and ids are exact", editNames(strings.ToLower, same)},
	{"folds ids", "owners and ids are exact", editNames(same, strings.ToLower)},
	{"cuts ids", "owners and ids are exact", editNames(same, func(id string) string { return id[:min(2, len(id))] })},
	{"lists what was removed", "RemoveSessions", func(w *wrong) {
		list, remove := w.list, w.remove
		var gone sync.Map
		w.remove = func(ctx context.Context, owner string, ids ...string) error {
			for _, id := range ids {
				gone.Store([2]string{owner, id}, true)
			}
			return remove(ctx, owner, ids...)
		}
		w.list = func(ctx context.Context, owner string) (map[string][]byte, error) {
			got, err := list(ctx, owner)
			gone.Range(func(name, _ any) bool {
				if name := name.([2]string); name[0] == owner && err == nil {
					got[name[1]] = append([]byte(nil), got[name[1]]...) // an empty one where there is none
				}
				return true
			})
			return got, err
		}
	}},
	{"takes records for texts", "a record is listed as it was put", editPut(func(_ *wrong, p *put) bool {
		p.record = bytes.ToValidUTF8(p.record, nil)
		return true
	})},
	{"drops empty records", "a record is listed as it was put", editPut(func(_ *wrong, p *put) bool { return len(p.record) > 0 })},
	{"removes all", "RemoveSessions", editRemove(func(have, _ []string) []string { return have })},
	{"removes all for no ids", "RemoveSessions", editRemove(func(have, ids []string) []string {
		if len(ids) == 0 {
			return have
		}
		return ids
	})},
	{"removes one", "RemoveSessions", editRemove(func(_, ids []string) []string { return ids[:min(1, len(ids))] })},
	{"removes nothing", "RemoveSessions", editRemove(func(_, _ []string) []string { return nil })},
	{"cannot remove nothing", "RemoveSessions", func(w *wrong) {
		remove := w.remove
		w.remove = func(ctx context.Context, owner string, ids ...string) error {
			have, _ := w.list(ctx, owner)
			if !slices.ContainsFunc(ids, func(id string) bool { _, there := have[id]; return there }) {
				return errors.New("there is none")
			}
			return remove(ctx, owner, ids...)
		}
	}},
	{"drops the oldest", "the first to end are dropped", dropsOldest},
	{"drops the last to end", "the first to end are dropped", editUntil(func(w *wrong, until time.Time) time.Time {
		return w.Time().Add(1000*time.Hour - until.Sub(w.Time()))
	})},
	{"drops what is for ever", "the first to end are dropped", endsForever},
	{"keeps too few", "the first to end are dropped", keepsFew},
	{"limits all owners together", "the first to end are dropped", limitsTogether},
	{"has no limit", "the first to end are dropped", hasNoLimit},
	{"keeps too few, and says so", "the first to end are dropped", keepsFewAndSays},
	{"tells of nothing", "the first to end are dropped", editDropped(func(*put, []string) []string { return nil })},
	{"tells of some", "the first to end are dropped", editDropped(func(p *put, dropped []string) []string {
		return slices.DeleteFunc(dropped, func(id string) bool { return strings.HasSuffix(id, "7") })
	})},
	{"tells of the new one, too", "the first to end are dropped", editDropped(func(p *put, dropped []string) []string {
		return append(dropped, p.id)
	})},
	{"tells of the new one instead", "the new one stays", editDropped(func(p *put, dropped []string) []string {
		if len(dropped) > 0 {
			return []string{p.id}
		}
		return nil
	})},
	{"tells of one that stays", "the first to end are dropped", editDropped(func(_ *put, dropped []string) []string {
		if len(dropped) > 0 {
			return append(dropped, "always")
		}
		return nil
	})},
	{"tells of one that never was", "the new one stays", editDropped(func(_ *put, dropped []string) []string {
		if len(dropped) > 0 {
			return append(dropped, "nobody")
		}
		return nil
	})},
	{"tells twice", "the new one stays", editDropped(func(_ *put, dropped []string) []string { return append(dropped, dropped...) })},
	{"tells again", "the first to end are dropped", tellsAgain},
	{"drops one more without a word", "the new one stays", dropsOneMore},
	{"drops the new one", "the new one stays", dropsNew(true)},
	{"drops the new one without a word", "the new one stays", dropsNew(false)},
	{"tells of what is over", "what is over is not dropped", tellsOfOver},
	{"drops for what is over", "what is over is not dropped", editUntil(func(w *wrong, until time.Time) time.Time {
		if until.Before(w.Time()) {
			return w.Time().Add(time.Minute)
		}
		return until
	})},
	{"loses what comes at once", "concurrent use", losesWhatComesAtOnce},
}

func TestRunSessions_PassesWhatIsRight(t *testing.T) {
	storetest.RunSessions(t, func(*testing.T) authjwt.SessionStore { return newWrong(func(*wrong) {}) })
}

const makeMistakes = "STORETEST_MAKE_MISTAKES"

// A suite that finds something fails its test, so that happens in a process of its own.
func TestRunSessions_FindsMistakes(t *testing.T) {
	if os.Getenv(makeMistakes) != "" {
		for _, m := range mistakes {
			t.Run(m.name, func(t *testing.T) {
				storetest.RunSessions(t, func(*testing.T) authjwt.SessionStore { return newWrong(m.make) })
			})
		}
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunSessions_FindsMistakes$")
	again.Env = append(os.Environ(), makeMistakes+"=1")
	output, err := again.Output()
	require.ErrorAs(t, err, new(*exec.ExitError))
	for _, m := range mistakes {
		assert.True(t, bytes.Contains(output, []byte("--- FAIL: "+strings.ReplaceAll(t.Name()+"/"+m.name+"/"+m.part, " ", "_")+" ")), m.name)
	}
	assert.False(t, bytes.Contains(output, []byte("panic:")), "%s", output)
}
