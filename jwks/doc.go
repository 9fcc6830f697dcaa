// Package jwks verifies the tokens of an outside issuer, such as Auth0, Google, Keycloak or Microsoft Entra, by the
// JWK Set (RFC 7517) that it publishes.
//
//	keys, err := jwks.NewRemote("https://issuer.example/.well-known/jwks.json")
//	if err != nil {
//		return err
//	}
//	auth, err := authjwt.New(authjwt.Settings{KeySet: keys, …})
package jwks
