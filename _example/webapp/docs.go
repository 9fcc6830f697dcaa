package main

import (
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"
	swaggerui "github.com/swaggo/files/v2"

	"github.com/gin-authjwt/authjwt"
)

// Swagger UI writes styles into its elements.
const docsPolicy = pagePolicy + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

// mountDocs serves the API's description and Swagger UI.
func mountDocs(r *gin.Engine, auth *authjwt.Manager) {
	description := document(auth)
	r.GET("/openapi.json", func(c *gin.Context) { c.JSON(http.StatusOK, description) })
	static(r, "/docs/", docsPolicy, folder(embedded, "static/docs"), "", "docs.js", "docs.css")
	static(r, "/docs/", docsPolicy, swaggerui.FS, "swagger-ui.css", "swagger-ui-bundle.js")
}

// document adds the package's part, the routes below /auth and the ways to send a token, to the program's own.
func document(auth *authjwt.Manager) gin.H {
	own := auth.OpenAPI("/auth")
	paths := gin.H{
		"/api/me":            gin.H{"get": operation(own, "GET", "Who is logged in", "200")},
		"/api/notes":         gin.H{"get": operation(own, "GET", "The user's notes", "200"), "post": addNoteOperation(own)},
		"/api/sessions":      gin.H{"get": listDevicesOperation(own)},
		"/api/sessions/{id}": gin.H{"delete": endDeviceOperation(own)},
	}
	maps.Copy(paths, own.Paths)
	answer := within(own.Paths, "/auth/login", "post", "responses", "200", "content", gin.MIMEJSON, "schema")
	answer["required"] = []string{"csrf_access_token", "csrf_refresh_token", "expires_in"} // pages get no tokens: see respond
	return gin.H{
		"openapi":    "3.1.0",
		"info":       gin.H{"title": "authjwt's webapp", "version": "1", "description": "Log in below with Authorize, OAuth2, or with POST /auth/login: name and password are test. Then look at the cookies in your browser's tools."},
		"paths":      paths,
		"components": gin.H{"securitySchemes": own.SecuritySchemes},
	}
}

// within walks down a document.
func within(document map[string]any, names ...string) map[string]any {
	for _, name := range names {
		document = document[name].(map[string]any)
	}
	return document
}

var noValue = gin.H{"description": "A cookie without its CSRF value, or another site's page"}

func operation(own authjwt.OpenAPI, method, summary, status string) gin.H {
	refused := gin.H{"description": "No token, or one that counts no more"}
	return gin.H{
		"tags": []string{"application"}, "summary": summary, "security": own.Security(method),
		"responses": gin.H{status: gin.H{"description": "Done"}, "401": refused},
	}
}

func addNoteOperation(own authjwt.OpenAPI) gin.H {
	add := operation(own, "POST", "Adds a note", "201")
	text := gin.H{"type": "string", "minLength": 1, "maxLength": 200, "examples": []string{"Buy milk"}}
	note := gin.H{"type": "object", "required": []string{"text"}, "properties": gin.H{"text": text}}
	add["requestBody"] = gin.H{"required": true, "content": gin.H{gin.MIMEJSON: gin.H{"schema": note}}}
	refusals := add["responses"].(gin.H)
	refusals["400"] = gin.H{"description": "No text, or one that is too long"}
	refusals["403"] = noValue
	return add
}

func listDevicesOperation(own authjwt.OpenAPI) gin.H {
	list := operation(own, "GET", "Where the user is logged in", "200")
	text, date := gin.H{"type": "string"}, gin.H{"type": "string", "format": "date-time"}
	session := gin.H{"type": "object", "required": []string{"id"}, "properties": gin.H{
		"id": text, "created": date, "last_refresh": date, "expires_at": date, "client_address": text, "user_agent": text,
	}}
	this := gin.H{"type": "string", "description": "The id of the session that asks"}
	answer := gin.H{"type": "object", "required": []string{"sessions", "this"}, "properties": gin.H{
		"sessions": gin.H{"type": "array", "items": session}, "this": this,
	}}
	list["responses"].(gin.H)["200"].(gin.H)["content"] = gin.H{gin.MIMEJSON: gin.H{"schema": answer}}
	return list
}

func endDeviceOperation(own authjwt.OpenAPI) gin.H {
	end := operation(own, "DELETE", "Logs out one of the user's devices", "204")
	end["description"] = "Where it is the one that asks, this is a logout: its cookies are deleted."
	end["parameters"] = []gin.H{{"name": "id", "in": "path", "required": true, "schema": gin.H{"type": "string"}}}
	refusals := end["responses"].(gin.H)
	refusals["403"] = noValue
	refusals["404"] = gin.H{"description": "None of the user's sessions, or one that has ended"}
	return end
}
