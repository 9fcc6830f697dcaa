package authjwt_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gin-authjwt/authjwt"
)

// pyScript decodes and mints as it is told, and answers line by line.
const pyScript = `
import json, sys, jwt

def decode(job):
    try:
        claims = jwt.decode(job["token"], job["key"], algorithms=[job["alg"]], issuer=job.get("iss"), audience=job.get("aud"))
    except jwt.PyJWTError as e:
        return {"refusal": type(e).__name__}
    return {"claims": claims, "types": {name: type(value).__name__ for name, value in claims.items()},
            "header": jwt.get_unverified_header(job["token"])}

def mint(job):
    token = jwt.encode(job["claims"], job["key"], algorithm=job["alg"], headers=job.get("headers"))
    return {"token": token if isinstance(token, str) else token.decode()}

for job in json.load(sys.stdin):
    print(json.dumps(decode(job) if "token" in job else mint(job)))
`

// A pyJob is a token to decode or, without one, claims to mint.
type pyJob struct {
	Token    string          `json:"token,omitempty"`
	Key      string          `json:"key"`
	Alg      string          `json:"alg"`
	Issuer   string          `json:"iss,omitempty"`
	Audience string          `json:"aud,omitempty"`
	Claims   json.RawMessage `json:"claims,omitempty"`
	Headers  claim           `json:"headers,omitempty"`
}

type pyAnswer struct {
	Refusal string
	Claims  json.RawMessage
	Types   map[string]string
	Header  map[string]string
	Token   string
}

// withPyJWT has Python do the jobs. It skips the test where no PyJWT is, unless REQUIRE_SERVICES is set.
func withPyJWT(t *testing.T, jobs []pyJob) []pyAnswer {
	t.Helper()
	python := ""
	for _, candidate := range []string{"python3", "/usr/bin/python3"} { // the system's has Debian's packages
		if exec.Command(candidate, "-c", "import jwt, cryptography").Run() == nil {
			python = candidate
			break
		}
	}
	if python == "" {
		const missing = "no python3 has jwt and cryptography: install python3-jwt and python3-cryptography"
		require.Empty(t, os.Getenv("REQUIRE_SERVICES"), missing)
		t.Skip(missing)
	}
	input, err := json.Marshal(jobs)
	require.NoError(t, err)
	run := exec.CommandContext(t.Context(), python, "-c", pyScript)
	run.Stdin = bytes.NewReader(input)
	var wrong bytes.Buffer
	run.Stderr = &wrong
	output, err := run.Output()
	require.NoError(t, err, wrong.String())
	var answers []pyAnswer
	for dec := json.NewDecoder(bytes.NewReader(output)); dec.More(); {
		var a pyAnswer
		require.NoError(t, dec.Decode(&a))
		answers = append(answers, a)
	}
	require.Len(t, answers, len(jobs))
	return answers
}

// pyKeys are the test's keys for an algorithm as PyJWT takes them.
func pyKeys(t *testing.T, alg string) (signs, verifies string) {
	t.Helper()
	private := privateKey(alg)
	if private == nil {
		return testSecret, testSecret
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	signs = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	der, err = x509.MarshalPKIXPublicKey(private.Public())
	require.NoError(t, err)
	return signs, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

var pyAlgorithms = []string{"HS256", "RS256", "ES256", "EdDSA"}

// systemTime is for tests with others, who ask no clock but the system's.
func systemTime(s *authjwt.Settings) { s.Now = nil }

// PyJWT decodes what every preset mints, and refuses it for another service.
func TestPyJWT_Reads(t *testing.T) {
	var jobs []pyJob
	check := map[int]func(t *testing.T, a pyAnswer){}
	for name, preset := range presets {
		for _, alg := range pyAlgorithms {
			m := newManager(t, using(preset), signsWith(alg), systemTime, func(s *authjwt.Settings) {
				s.TokenLocation = []authjwt.Location{authjwt.Cookies}
				s.EncodeIssuer, s.DecodeIssuer, s.EncodeAudience, s.DecodeAudience = "us", "us", []string{"us", "them"}, []string{"us"}
			})
			pair, err := m.Bind(testContext()).Login("42", authjwt.WithClaims(claim{"n": int64(9007199254740993)}))
			require.NoError(t, err)
			_, key := pyKeys(t, alg)
			for kind, raw := range map[authjwt.TokenType]string{authjwt.Access: pair.AccessToken, authjwt.Refresh: pair.RefreshToken} {
				own, err := m.Verify(t.Context(), raw, kind)
				require.NoError(t, err)
				payload, err := json.Marshal(own)
				require.NoError(t, err)
				issuer := "us"
				if name == "FastAPIJWTAuth" && kind == authjwt.Refresh {
					issuer = ""
				}
				label := fmt.Sprint(name, " ", alg, " ", kind)
				check[len(jobs)] = func(t *testing.T, a pyAnswer) {
					assert.JSONEq(t, string(payload), string(a.Claims), label)
					assert.Equal(t, pyTypes(name, kind), a.Types, label)
					assert.Equal(t, map[string]string{"typ": "JWT", "alg": alg}, a.Header, label)
				}
				refused := func(reason string) func(t *testing.T, a pyAnswer) {
					return func(t *testing.T, a pyAnswer) { assert.Equal(t, reason, a.Refusal, label) }
				}
				check[len(jobs)+1], check[len(jobs)+2] = refused("InvalidAudienceError"), refused("InvalidSignatureError")
				jobs = append(jobs, pyJob{Token: raw, Key: key, Alg: alg, Issuer: issuer, Audience: "us"},
					pyJob{Token: raw, Key: key, Alg: alg, Issuer: issuer, Audience: "nobody"},
					pyJob{Token: raw[:len(raw)-8] + "AAAAAAAA", Key: key, Alg: alg, Audience: "us"})
			}
		}
	}
	for i, a := range withPyJWT(t, jobs) {
		check[i](t, a)
	}
	assert.Len(t, jobs, 3*3*2*len(pyAlgorithms))
}

// pyTypes are the claims of a preset's tokens by the types that Python has for them.
func pyTypes(preset string, kind authjwt.TokenType) map[string]string {
	types := map[string]string{"sub": "str", "iat": "int", "nbf": "int", "jti": "str", "exp": "int", "type": "str", "csrf": "str", "iss": "str", "aud": "list"}
	if kind == authjwt.Access {
		types["fresh"], types["n"] = "bool", "int"
	}
	switch {
	case preset == "FastAPIJWTAuth" && kind == authjwt.Refresh:
		delete(types, "iss")
	case preset == "FastJWT":
		delete(types, "nbf")
	case preset == "OAuth2Cookie":
		delete(types, "csrf")
	}
	return types
}

// What PyJWT mints, with the claims of the libraries that use it, is read.
func TestPyJWT_Writes(t *testing.T) {
	now := time.Now().Unix()
	const uuid = "3f0e5c1c-6d3a-4c0e-9a55-0a6f2b1d7e44"
	mints := func(format string, args ...any) json.RawMessage { return json.RawMessage(fmt.Sprintf(format, args...)) }
	rows := []struct {
		name, preset string
		kind         authjwt.TokenType
		claims       json.RawMessage
		refused      json.RawMessage // its twin
		subject      string
	}{
		{"fastapi-jwt-auth, integer subject", "FastAPIJWTAuth", authjwt.Access,
			mints(`{"sub":9007199254740993,"iat":%d,"nbf":%d,"jti":%q,"exp":%d,"type":"access","fresh":false}`, now, now, uuid, now+900),
			mints(`{"sub":9007199254740993.0,"iat":%d,"nbf":%d,"jti":%q,"exp":%d,"type":"access","fresh":false}`, now, now, uuid, now+900), "9007199254740993"},
		{"fastapi-jwt-auth, refresh", "FastAPIJWTAuth", authjwt.Refresh,
			mints(`{"sub":"alice","iat":%d,"nbf":%d,"jti":%q,"exp":%d,"type":"refresh","csrf":%q}`, now, now, uuid, now+900, uuid),
			mints(`{"sub":"alice","iat":%d,"nbf":%d,"jti":%q,"exp":%d,"type":"access","csrf":%q}`, now, now, uuid, now+900, uuid), "alice"},
		{"FastJWT", "FastJWT", authjwt.Access,
			mints(`{"sub":"alice","jti":%q,"type":"access","fresh":true,"iat":%d,"exp":%d.123456}`, uuid, now, now+900),
			mints(`{"sub":"alice","jti":%q,"type":"access","fresh":true,"iat":%d,"exp":%d.999999}`, uuid, now-900, now-1), "alice"},
		{"authx", "FastJWT", authjwt.Access,
			mints(`{"sub":"alice","jti":%q,"type":"access","fresh":false,"csrf":"","scopes":["a"],"iat":%d.5,"exp":%d.5}`, uuid, now, now+900),
			mints(`{"sub":"alice","jti":%q,"type":null,"fresh":false,"csrf":"","scopes":["a"],"iat":%d.5,"exp":%d.5}`, uuid, now, now+900), "alice"},
		{"flask-jwt-extended, refresh", "FastJWT", authjwt.Refresh,
			mints(`{"fresh":false,"iat":%d,"jti":%q,"type":"refresh","sub":"alice","nbf":%d,"csrf":%q,"exp":%d}`, now, uuid, now, uuid, now+900),
			mints(`{"fresh":false,"iat":%d,"jti":%q,"type":"refresh","sub":1,"nbf":%d,"csrf":%q,"exp":%d}`, now, uuid, now, uuid, now+900), "alice"},
		{"the tutorial", "OAuth2Cookie", authjwt.Access, mints(`{"sub":"alice@example.com","exp":%d}`, now+900), mints(`{"sub":"alice@example.com","exp":%d}`, now-1), "alice@example.com"},
	}
	var jobs []pyJob
	for _, row := range rows {
		for _, alg := range pyAlgorithms {
			key, _ := pyKeys(t, alg)
			jobs = append(jobs, pyJob{Key: key, Alg: alg, Claims: row.claims}, pyJob{Key: key, Alg: alg, Claims: row.refused},
				pyJob{Key: key, Alg: alg, Claims: row.claims, Headers: claim{"crit": []string{"x"}, "x": 1}})
		}
	}
	minted := withPyJWT(t, jobs)
	for _, row := range rows {
		for _, alg := range pyAlgorithms {
			m := newManager(t, using(presets[row.preset]), signsWith(alg), systemTime)
			token, err := m.Verify(t.Context(), minted[0].Token, row.kind)
			if assert.NoError(t, err, "%s, %s", row.name, alg) {
				assert.Equal(t, row.subject, token.Subject)
			}
			for _, bad := range minted[1:3] {
				_, err = m.Verify(t.Context(), bad.Token, row.kind)
				assert.Error(t, err, "%s, %s", row.name, alg)
			}
			minted = minted[3:]
		}
	}
}
