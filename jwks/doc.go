// Package jwks fetches and publishes JWK Sets (RFC 7517), the public keys that tokens are verified by.
//
// [NewRemote] verifies the tokens of an outside issuer, such as Auth0, Google, Keycloak or Microsoft Entra:
//
//	keys, err := jwks.NewRemote("https://issuer.example/.well-known/jwks.json")
//	if err != nil {
//		return err
//	}
//	auth, err := authjwt.New(authjwt.Settings{
//		KeySet:         keys,
//		DecodeIssuer:   "https://issuer.example/",
//		DecodeAudience: []string{"https://api.example"},
//		UntypedTokens:  authjwt.Access,
//	})
//
// [Handler] publishes the public keys of a Manager of one's own, for others to verify by.
//
//	router.GET("/.well-known/jwks.json", jwks.Handler(auth))
package jwks
