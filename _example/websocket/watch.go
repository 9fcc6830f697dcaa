package main

import (
	"context"
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/gin-authjwt/authjwt"
)

// An ending is how a socket is closed. The reason tells the client what to do, and nothing of the token or the
// server.
type ending struct {
	code   websocket.StatusCode
	reason string
}

var (
	expired   = ending{websocket.StatusPolicyViolation, "token no longer valid: refresh it, then connect again"}
	revoked   = ending{websocket.StatusPolicyViolation, "session ended: log in, then connect again"}
	goingAway = ending{websocket.StatusGoingAway, "going away: connect again"}
	// What cannot be checked is not let in, and so is not kept in: who unplugs the Store must not outlive a
	// logout. 1013, unlike 1011, says that nothing is broken but for a while: the client comes back later, and
	// is told 503 by the guard until the Store answers.
	unchecked = ending{websocket.StatusTryAgainLater, "token cannot be checked: try again later"}
	// A mistake of the server's own, in Settings.Validate say, which does not go away by itself.
	failed = ending{websocket.StatusInternalError, "internal error"}
)

// checkEvery is how late a revocation may be noticed. Each open socket asks the Store that often.
const checkEvery = time.Second

// watch returns how to close the socket that was opened with token as soon as the token has expired, at most
// checkEvery (and Settings.StoreTimeout) after it was revoked, alone, with its session or with all of its subject's,
// or when ctx is done. What it is told to close, the caller closes, whatever the client does.
func watch(ctx context.Context, auth *authjwt.Manager, token *authjwt.Token) ending {
	for {
		wait := checkEvery
		if left := time.Until(token.ExpiresAt); left > 0 { // with NoExpiry ExpiresAt is zero, which is long ago
			wait = min(wait, left)
		}
		select {
		case <-ctx.Done():
			return goingAway
		case <-time.After(wait):
		}
		// Verify decides about expiry, too, for it knows DecodeLeeway and Settings.Now.
		_, err := auth.Verify(ctx, token.Raw(), authjwt.Access)
		switch {
		case err == nil:
		case ctx.Err() != nil: // the check was broken off
			return goingAway
		case errors.Is(err, authjwt.ErrRevokedToken):
			return revoked
		case errors.Is(err, authjwt.ErrUnavailable):
			return unchecked
		case errors.Is(err, authjwt.ErrInternal):
			return failed
		default:
			return expired
		}
	}
}
