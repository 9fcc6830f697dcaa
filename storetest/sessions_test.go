package storetest_test

import (
	"testing"

	"github.com/gin-authjwt/authjwt"
	"github.com/gin-authjwt/authjwt/storetest"
)

func TestMemoryStore_Sessions(t *testing.T) {
	storetest.RunSessions(t, func(*testing.T) authjwt.SessionStore { return newClocked() })
}

// On the system's clock as well, for which the suite waits.
func TestMemoryStore_SessionsWaited(t *testing.T) {
	t.Parallel()
	storetest.RunSessions(t, func(*testing.T) authjwt.SessionStore { return new(authjwt.MemoryStore) })
}
