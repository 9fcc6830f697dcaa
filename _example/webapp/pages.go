package main

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
)

//go:embed static
var embedded embed.FS

// The page loads its own files and nothing else, so that what an attacker gets into it does not run.
const pagePolicy = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

func mountPages(r *gin.Engine) {
	static(r, "/", pagePolicy, folder(embedded, "static"), "", "app.js", "authjwt.js", "devices.js", "style.css", "icon.svg")
}

// folder panics if it is not there: it is part of the program.
func folder(files fs.FS, name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err)
	}
	return sub
}

// static serves files below a path.
func static(r *gin.Engine, below, policy string, files fs.FS, names ...string) {
	serve := http.StripPrefix(below, http.FileServerFS(files))
	for _, name := range names {
		r.GET(below+name, func(c *gin.Context) {
			c.Header("Content-Security-Policy", policy)
			c.Header("X-Content-Type-Options", "nosniff")
			serve.ServeHTTP(c.Writer, c.Request)
		})
	}
}

// cookieNames tells which cookies the browser sent. Below /auth that is all of them.
func cookieNames(c *gin.Context) {
	names := []string{}
	for _, cookie := range c.Request.Cookies() {
		names = append(names, cookie.Name)
	}
	c.JSON(http.StatusOK, gin.H{"cookies": names})
}

// allow lets pages of another origin use the API (CORS). Settings.TrustedOrigins has it, too.
func allow(frontend string) gin.HandlerFunc {
	return cors.New(cors.Config{
		AllowOrigins:     []string{frontend},
		AllowMethods:     []string{http.MethodGet, http.MethodPost, http.MethodDelete},
		AllowHeaders:     []string{"Content-Type", "X-CSRF-Token"},
		AllowCredentials: true,
	})
}
