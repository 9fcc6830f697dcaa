package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// mountAPI adds the routes of the API to a group that a guard protects.
func mountAPI(r *gin.RouterGroup, auth *authjwt.Manager) {
	notes := &notebook{of: map[string][]string{}}
	r.GET("/me", me)
	r.GET("/notes", notes.list)
	r.POST("/notes", notes.add)
	r.GET("/sessions", listDevices(auth))
	r.DELETE("/sessions/:id", endDevice(auth))
	r.GET("/live", live(auth))
}

// me tells who is asking. Claims are the token's contents, no secret to its owner; the token itself is.
func me(c *gin.Context) {
	token := authjwt.FromContext(c).Token()
	claims, err := authjwt.ClaimsAs[map[string]any](token)
	if err != nil {
		_ = c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"user": token.Subject, "claims": claims, "now": time.Now().UnixMilli()})
}

// notebook has each user's last ten notes.
type notebook struct {
	mu sync.Mutex
	of map[string][]string
}

func (n *notebook) list(c *gin.Context) {
	n.mu.Lock()
	notes := append([]string{}, n.of[authjwt.FromContext(c).Subject()]...)
	n.mu.Unlock()
	c.JSON(http.StatusOK, gin.H{"notes": notes})
}

func (n *notebook) add(c *gin.Context) {
	var note struct {
		Text string `json:"text"`
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	if err := c.ShouldBindJSON(&note); err != nil || note.Text == "" || utf8.RuneCountInString(note.Text) > 200 {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"detail": "Send a text of 1 to 200 characters"})
		return
	}
	user := authjwt.FromContext(c).Subject()
	n.mu.Lock()
	notes := append(slices.Clone(n.of[user]), note.Text)
	notes = notes[max(0, len(notes)-10):]
	n.of[user] = notes
	n.mu.Unlock()
	c.JSON(http.StatusCreated, gin.H{"notes": notes})
}

// live sends the token's last seconds, one by one, over a WebSocket, and closes it when the token counts no
// more. The program _example/websocket has the whole story.
func live(auth *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		token := authjwt.FromContext(c).Token()
		// The guard has checked the Origin, by TrustedOrigins too.
		conn, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		ctx := conn.CloseRead(c.Request.Context())
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			if _, err := auth.Verify(ctx, token.Raw(), authjwt.Access); errors.Is(err, authjwt.ErrUnavailable) {
				_ = conn.Close(websocket.StatusTryAgainLater, "the token cannot be checked")
				return
			} else if err != nil {
				_ = conn.Close(websocket.StatusPolicyViolation, "the token counts no more")
				return
			}
			if !deliver(ctx, conn, gin.H{"left": int(time.Until(token.ExpiresAt).Seconds())}) {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-second.C:
			}
		}
	}
}

// deliver gives up a client that does not read.
func deliver(ctx context.Context, conn *websocket.Conn, message any) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return wsjson.Write(ctx, conn, message) == nil
}
