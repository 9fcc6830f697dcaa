package authjwt

import (
	"time"

	"github.com/go-json-experiment/json"
)

// TokenPair is what a login or a refresh hands out. Its JSON form is the answer of RFC 6749 §5.1, with
// expires_in in whole seconds; printing it shows no token.
type TokenPair struct {
	AccessToken string
	// RefreshToken is empty after a refresh.
	RefreshToken string
	// ExpiresIn is the life of the access token; NoExpiry if it has none.
	ExpiresIn time.Duration
}

// MarshalJSON writes access_token, refresh_token, token_type and expires_in; absent ones are left out.
func (p TokenPair) MarshalJSON() ([]byte, error) {
	answer := struct {
		AccessToken  string `json:"access_token,omitzero"`
		RefreshToken string `json:"refresh_token,omitzero"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in,omitzero"`
	}{p.AccessToken, p.RefreshToken, "bearer", int64(p.ExpiresIn / time.Second)}
	return json.Marshal(answer)
}

// Login makes a fresh access token and a refresh token for subject. The options shape the access
// token; the refresh token carries nothing but the subject, because claims are asked for again at a
// refresh. The error is of type *[Error].
func (a *AuthJWT) Login(subject string, opts ...TokenOption) (TokenPair, error) {
	pair, err := a.accessPair(subject, append([]TokenOption{WithFresh()}, opts...))
	if err != nil {
		return TokenPair{}, err
	}
	if pair.RefreshToken, err = a.CreateRefreshToken(subject); err != nil {
		return TokenPair{}, a.m.misused(err)
	}
	return pair, nil
}

// Refresh verifies the request's refresh token, unless a guard has accepted it already, and makes an
// access token that is not fresh. The options shape it. It writes nothing; the error is of type *[Error].
func (a *AuthJWT) Refresh(opts ...TokenOption) (TokenPair, error) {
	t := a.accepted.Load()
	if a.detached || t == nil || t.Type != Refresh {
		var err error
		if t, err = a.Verify(Refresh); err != nil {
			return TokenPair{}, err
		}
	}
	return a.accessPair(t.Subject, opts)
}

func (a *AuthJWT) accessPair(subject string, opts []TokenOption) (TokenPair, error) {
	spec := &tokenSpec{kind: Access, subject: subject}
	token, err := a.create(spec, opts)
	if err != nil {
		return TokenPair{}, a.m.misused(err)
	}
	return TokenPair{AccessToken: token, ExpiresIn: spec.expires}, nil
}
