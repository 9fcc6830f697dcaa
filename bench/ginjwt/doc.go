// Package ginjwt holds docs/migrate-gin-jwt.md to what gin-jwt and authjwt do. It has tests alone.
package ginjwt
