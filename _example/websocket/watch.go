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

// maxCheck is how long a check may take. The Store has StoreTimeout; Settings.Validate and a KeySet have nothing else.
const maxCheck = time.Second / 2

// watch returns how to close the socket that was opened with token: as soon as the token has expired, at the next
// check after it was revoked, alone, with its session, or with all of its subject's, or when ctx is done. It must not
// run where the client can hold it up, and what the client still sends is no longer to be acted upon.
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
		if end, ended := check(ctx, auth, token); ended {
			return end
		}
	}
}

// check asks Verify about expiry, too, for it knows DecodeLeeway and Settings.Now.
func check(ctx context.Context, auth *authjwt.Manager, token *authjwt.Token) (end ending, ended bool) {
	within, cancel := context.WithTimeout(ctx, maxCheck)
	defer cancel()
	_, err := auth.Verify(within, token.Raw(), authjwt.Access)
	switch {
	case err == nil:
		return ending{}, false
	case ctx.Err() != nil: // so that the check was broken off
		return goingAway, true
	case errors.Is(err, authjwt.ErrRevokedToken):
		return revoked, true
	case errors.Is(err, authjwt.ErrUnavailable), within.Err() != nil:
		return unchecked, true
	case errors.Is(err, authjwt.ErrInternal):
		return failed, true
	}
	return expired, true
}
