package authjwt_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/gin-authjwt/authjwt"
)

// The document is the application's; it needs no library.
func ExampleManager_OpenAPI() {
	auth := exampleCookies()
	r := gin.New()
	auth.Mount(r.Group("/auth"), authjwt.Routes{Login: func(*gin.Context) (string, error) { return "alice", nil }})

	described := auth.OpenAPI("/auth")
	paths := gin.H{"/items": gin.H{"post": gin.H{
		"security":  described.Security("POST"),
		"responses": gin.H{"201": gin.H{"description": "Made."}},
	}}}
	maps.Copy(paths, described.Paths)
	r.GET("/openapi.json", func(c *gin.Context) {
		c.JSON(200, gin.H{
			"openapi": "3.1.0", "info": gin.H{"title": "Items", "version": "1"},
			"paths":      paths,
			"components": gin.H{"securitySchemes": described.SecuritySchemes},
		})
	})
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		fmt.Println(path)
	}
	// Output:
	// /auth/login
	// /auth/logout
	// /auth/refresh
	// /items
}

func ExampleOpenAPI_Security() {
	auth, err := authjwt.New(authjwt.Settings{
		SecretKey:     os.Getenv("SECRET_KEY"),
		TokenLocation: []authjwt.Location{authjwt.Headers, authjwt.Cookies},
	})
	if err != nil {
		panic(err)
	}
	described := auth.OpenAPI("/auth")
	for _, method := range []string{"GET", "POST"} {
		text, _ := json.Marshal(described.Security(method))
		fmt.Println(method, string(text))
	}
	// Output:
	// GET [{"bearer":[]},{"oauth2":[]},{"accessCookie":[]}]
	// POST [{"bearer":[]},{"oauth2":[]},{"accessCSRF":[],"accessCookie":[]}]
}

// The JSON form is for the libraries that have types of their own.
func ExampleOpenAPI_MarshalJSON() {
	text, err := json.Marshal(exampleManager().OpenAPI("/auth"))
	if err != nil {
		panic(err)
	}
	var document struct {
		Paths      map[string]map[string]struct{ Summary string }
		Components struct{ SecuritySchemes map[string]map[string]any }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		panic(err)
	}
	fmt.Println(document.Paths["/auth/login"]["post"].Summary)
	fmt.Println(document.Components.SecuritySchemes["bearer"]["bearerFormat"])
	// Output:
	// Log in
	// JWT
}
