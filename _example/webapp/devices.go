package main

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// listDevices answers where the user is logged in, and which of these sessions asks.
func listDevices(auth *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		a := authjwt.FromContext(c)
		sessions, err := auth.Sessions(c.Request.Context(), a.Subject())
		if err != nil {
			a.Abort(err)
			return
		}
		c.Header("Cache-Control", "no-store") // addresses are nobody else's business
		c.JSON(http.StatusOK, gin.H{"sessions": sessions, "this": a.Token().SessionID})
	}
}

// endDevice ends one of the user's sessions: of any other id nothing is told, not even that there is one. The session
// that asks logs out, with its cookies.
func endDevice(auth *authjwt.Manager) gin.HandlerFunc {
	return func(c *gin.Context) {
		a, id := authjwt.FromContext(c), c.Param("id")
		sessions, err := auth.Sessions(c.Request.Context(), a.Subject())
		if err != nil {
			a.Abort(err)
			return
		}
		if !slices.ContainsFunc(sessions, func(s authjwt.Session) bool { return s.ID == id }) {
			a.Abort(&authjwt.Error{Status: http.StatusNotFound, Code: "no_session", Detail: "You have no such session"})
			return
		}
		if id == a.Token().SessionID {
			err = a.Logout()
		} else {
			err = auth.RevokeSession(c.Request.Context(), id)
		}
		if err != nil {
			a.Abort(err)
			return
		}
		c.Status(http.StatusNoContent)
	}
}
