package authjwt

import (
	"context"
	"time"
)

// Store keeps times under keys until they run out. It speaks basic types only, so that an
// implementation need import neither this package nor Gin. Implementations must be safe for
// concurrent use. Sessions will use it; until then [New] refuses Settings with a Store.
type Store interface {
	// Add records t under key until the given time unless the key is present; it returns what is
	// present afterwards. Of several concurrent calls exactly one sees added == true.
	Add(ctx context.Context, key string, t, until time.Time) (present time.Time, added bool, err error)
	// Set records t under key until the given time, whatever was there.
	Set(ctx context.Context, key string, t, until time.Time) error
	// Get returns the times under keys, in their order, in one round trip; the zero time means absent.
	Get(ctx context.Context, keys ...string) ([]time.Time, error)
}
