// Package gojose holds no code: its tests set authjwt beside go-jose, a second implementation of JWS and JWT (RFC 7515, 7519). What
// authjwt accepts go-jose must accept, with the same claims, and each reads the tokens of the other.
package gojose
