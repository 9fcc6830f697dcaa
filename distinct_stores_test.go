package authjwt_test

import (
	"testing"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// A wrapped Store can be compared if what is in it can; a mapStore cannot.
type (
	wrapped  struct{ authjwt.Store }
	mapStore struct {
		wrapped
		_ map[string]time.Time
	}
)

func TestDistinct_Stores(t *testing.T) {
	one, listed := new(authjwt.MemoryStore), mapStore{}
	for _, row := range []struct {
		name         string
		a, b         authjwt.Store
		nameA, nameB string
		want         []string
	}{
		{"one store, one name", one, one, "x", "x", []string{"have one Store and one Name"}},
		{"one store, no names", one, one, "", "", []string{"have one Store and one Name"}},
		{"one store, the default by name", one, one, "", "authjwt", []string{"have one Store and one Name"}},
		{"one store, two names", one, one, "x", "y", nil},
		{"two stores, one name", one, new(authjwt.MemoryStore), "x", "x", nil},
		{"a store in one", one, nil, "x", "x", nil},
		{"no store", nil, nil, "x", "x", nil},
		{"values that are equal", wrapped{}, wrapped{}, "x", "x", []string{"have one Store and one Name"}},
		{"values that cannot be compared", listed, listed, "x", "x", nil},
		{"values in values that cannot be compared", wrapped{listed}, wrapped{listed}, "x", "x", nil},
		{"values of two types", one, listed, "x", "x", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, b := areas(t, func(a, b *authjwt.Settings) { a.Store, a.Name, b.Store, b.Name = row.a, row.nameA, row.b, row.nameB })
			assertShared(t, a, b, row.want)
		})
	}
}

func TestDistinct_Sessions(t *testing.T) {
	list := new(authjwt.MemoryStore)
	for _, row := range []struct {
		b    *authjwt.MemoryStore
		name string
		want []string
	}{
		{list, "x", []string{"have their Sessions in one place and one Name"}},
		{list, "y", nil},
		{new(authjwt.MemoryStore), "x", nil},
		{nil, "x", nil},
	} {
		a, b := areas(t, func(a, b *authjwt.Settings) {
			if a.Name, b.Name, a.Sessions = "x", row.name, list; row.b != nil {
				b.Sessions = row.b
			}
		})
		assertShared(t, a, b, row.want)
	}
}
