package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-authjwt/authjwt"
)

// seen is what the client has met.
type seen struct {
	requests, refused int
	kids              map[any]bool // that verified
	kept              []kept
}

// kept is a token of an earlier login, which a later key must not end.
type kept struct {
	token string
	at    time.Time
}

const keepFor = 3 * time.Second

// run lets a client use both servers until ctx is done, while the key rotates.
func run(ctx context.Context, every time.Duration, out io.Writer) (*seen, error) {
	var i *issuer
	issuerURL, err := serve(ctx, func(url string) (h http.Handler, err error) {
		if i, err = newIssuer(url); err != nil {
			return nil, err
		}
		return i.router(), nil
	})
	if err != nil {
		return nil, err
	}
	resourceURL, err := serve(ctx, func(string) (http.Handler, error) { return newResource(issuerURL) })
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "issuer on %s, its keys at /.well-known/jwks.json; resource server on %s\n", issuerURL, resourceURL)
	s := &seen{kids: map[any]bool{}}
	rotation, request := time.NewTicker(every), time.NewTicker(20*time.Millisecond)
	defer rotation.Stop()
	defer request.Stop()
	for {
		select {
		case <-ctx.Done():
			return s, nil
		case <-rotation.C:
			if err := i.rotate(); err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "rotated: %v; %d requests, %d refused\n", i.ring, s.requests, s.refused)
		case <-request.C:
			if err := s.request(ctx, issuerURL, resourceURL); err != nil && ctx.Err() == nil {
				return nil, err
			}
		}
	}
}

// request logs in at the issuer, and asks the resource server with the new token and with an older one.
func (s *seen) request(ctx context.Context, issuerURL, resourceURL string) error {
	answer, err := http.PostForm(issuerURL+"/login", url.Values{"username": {"test"}, "password": {"test"}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var pair struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&pair); err != nil {
		return err
	}
	s.kept = append(s.kept, kept{pair.AccessToken, time.Now()})
	for time.Since(s.kept[0].at) > keepFor {
		s.kept = s.kept[1:]
	}
	for _, token := range []string{pair.AccessToken, s.kept[0].token} {
		if err := s.orders(ctx, resourceURL, token); err != nil {
			return err
		}
	}
	return nil
}

func (s *seen) orders(ctx context.Context, resourceURL, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, resourceURL+"/orders", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	s.requests++
	if answer.StatusCode != http.StatusOK {
		s.refused++
		return nil
	}
	header, err := authjwt.UnverifiedHeader(token)
	s.kids[header["kid"]] = true
	return err
}
