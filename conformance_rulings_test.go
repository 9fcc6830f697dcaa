package authjwt_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// A ruling says why a step does not come out as recorded, and what comes out instead.
type ruling struct {
	kind string // quirk, class, requirement, typed
	id   string
	why  string
	want func(recordedAnswer) recordedAnswer // nil: as recorded
}

const (
	isQuirk       = "quirk"
	isClass       = "class"
	isRequirement = "requirement"
	isTyped       = "typed API"
)

func refusedWith(status int, detail string) func(recordedAnswer) recordedAnswer {
	return func(recordedAnswer) recordedAnswer {
		return recordedAnswer{Status: status, ContentType: "application/json", Body: map[string]any{"detail": detail}}
	}
}

func answered(body map[string]any) func(recordedAnswer) recordedAnswer {
	return func(recordedAnswer) recordedAnswer {
		return recordedAnswer{Status: 200, ContentType: "application/json", Body: body}
	}
}

// handshakeRefused is a websocket's refusal with an HTTP status.
func handshakeRefused(status, detail string) func(recordedAnswer) recordedAnswer {
	return func(recordedAnswer) recordedAnswer {
		return recordedAnswer{Messages: []map[string]any{{"detail": detail, "status_code": json.Number(status)}}}
	}
}

// closeCode1008 has an HTTP status in the place of a code for closing.
func closeCode1008(r recordedAnswer) recordedAnswer {
	return handshakeRefused("401", r.Messages[0]["detail"].(string))(r)
}

// claimed is the recorded answer with another value for one claim of what was minted.
func claimed(name string, value any) func(recordedAnswer) recordedAnswer {
	return func(r recordedAnswer) recordedAnswer {
		minted := map[string]recordedToken{}
		for label, token := range r.Minted {
			token.Claims = maps.Clone(token.Claims)
			token.Claims[name] = value
			minted[label] = token
		}
		r.Minted = minted
		return r
	}
}

// untilExp is the recorded answer with the access token's cookies ending with it: it lives 900 s from the begun second on.
func untilExp(r recordedAnswer) recordedAnswer {
	cookies := slices.Clone(r.SetCookies)
	for i := range cookies {
		if strings.Contains(cookies[i].Name, "access") {
			cookies[i].Attributes = maps.Clone(cookies[i].Attributes)
			cookies[i].Attributes["Max-Age"] = json.Number("899")
		}
	}
	r.SetCookies = cookies
	return r
}

var (
	mistake500  = refusedWith(500, "Internal Server Error")
	noSuchToken = refusedWith(422, "Bad Authorization header. Expected value 'Bearer <JWT>'")
	nobody      = answered(map[string]any{"user": nil})
)

// byQuirk are the differences that quirks.json asks for. Where one shows in several ways, byStep has the others.
var byQuirk = map[string]ruling{
	"Q01": {why: "kept: 422 is the wire form"},
	"Q02": {why: "kept: no challenge is the wire form"},
	"Q03": {why: "alg is looked up in the keys first", want: refusedWith(422, "The specified alg value is not allowed")},
	"Q04": {why: "a missing claim is an ordinary invalid token", want: refusedWith(422, `Token is missing the "type" claim`)},
	"Q05": {why: "optional means that the token may be absent", want: refusedWith(422, "Invalid issuer")},
	"Q06": {why: "kept: no iss on refresh tokens (InsecureNoRefreshIssuer)"},
	"Q08": {why: "locations are a set", want: refusedWith(401, "Missing Authorization Header")},
	"Q10": {why: "the scheme is compared literally", want: refusedWith(422, "Bad Authorization header. Expected value 'Be.rer <JWT>'")},
	"Q12": {why: "another scheme is no token of ours", want: answered(map[string]any{"user": "from-cookie"})},
	"Q15": {why: "kept: the cookies' attributes are the wire form"},
	"Q16": {why: "deleted with the attributes they were set with"},
	"Q18": {why: "no cookie outlives its token", want: untilExp},
	"Q21": {why: "values are compared as octets", want: refusedWith(401, "CSRF double submit tokens do not match")},
	"Q24": {why: "reserved claims are the package's", want: mistake500},
	"Q25": {why: "alg is the key's", want: mistake500},
	"Q26": {why: "kept: the setting is NoExpiry"},
	"Q27": {why: "dates are numbers", want: refusedWith(422, "Issued At claim (iat) must be an integer.")},
	"Q28": {why: "on or after exp is too late (RFC 7519 §4.1.4)", want: refusedWith(422, "Signature has expired")},
	"Q29": {why: "not issued yet", want: refusedWith(422, "The token is not yet valid (iat)")},
	"Q31": {why: "the text is fixed", want: refusedWith(422, "Invalid header string: must be a json object")},
	"Q36": {why: "a Manager that only verifies says so in c.Errors", want: mistake500},
	"Q37": {why: "a lifetime is positive", want: mistake500},
	"Q38": {why: "a token without jti cannot be denied", want: refusedWith(422, `Token is missing the "jti" claim`)},
	"Q39": {why: "there is a subject after a guard alone", want: nobody},
	"Q42": {why: "one list of locations for all requests", want: handshakeRefused("401", "Missing Authorization Header")},
	"Q43": {why: "the verdict is the same, and the subject is there"},
	"Q44": {why: "refused before the upgrade, with an HTTP status", want: closeCode1008},
	"Q45": {why: "an error to handle", want: mistake500},
	"Q47": {why: "a subject is a string", want: refusedWith(422, "Subject claim (sub) must be a string.")},
	"Q52": {why: "kept: no default audience"},
}

// byStep are the rulings of single steps.
var byStep = map[string]ruling{
	"algorithms: signing only: no public key 2": {isQuirk, "Q36", "the private key has its public half", answered(map[string]any{"user": "test"})},

	"claims: subjects found in tokens 5":           {isQuirk, "Q04", "a missing claim is an ordinary invalid token", refusedWith(422, `Token is missing the "sub" claim`)},
	"claims: subjects found in tokens 6":           {isQuirk, "Q47", "a token without subject is nobody's", refusedWith(422, `Token is missing the "sub" claim`)},
	"claims: helpers that take an encoded token 5": {isQuirk, "Q04", "the id is empty; the application refuses", refusedWith(422, "Token is not accepted")},

	"claims: user claims replace reserved ones 2": {isQuirk, "Q24", "no such token was made", noSuchToken},
	"claims: user claims replace reserved ones 4": {isQuirk, "Q24", "no such token was made", noSuchToken},
	"claims: user claims replace reserved ones 6": {isQuirk, "Q24", "no such token was made", noSuchToken},
	"claims: user claims replace reserved ones 8": {isQuirk, "Q24", "no such token was made", noSuchToken},
	"claims: custom headers 9":                    {isQuirk, "Q25", "no such token was made", noSuchToken},
	"claims: custom headers 3":                    {isTyped, "", "a subject is a string", claimed("sub", "2")},

	"claims: issuer 13": {isQuirk, "Q05", "optional means that the token may be absent", refusedWith(422, `Token is missing the "iss" claim`)},
	"claims: asking for the subject without a guard 7": {isQuirk, "Q39", "nothing is verified where nobody guards", nobody},
	"claims: asking for the subject after csrf refused 1": {isQuirk, "Q39", "there is a subject after a guard alone",
		answered(map[string]any{"refused": "CSRF double submit tokens do not match", "user": nil})},

	"claims: lifetime per call 1":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 2":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 3":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 4":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 5":  {isRequirement, "T01", "no exp only where it is the setting", mistake500},
	"claims: lifetime per call 6":  {isRequirement, "T01", "no exp only where it is the setting", mistake500},
	"claims: lifetime per call 7":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 8":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 9":  {isTyped, "", "a subject is a string", claimed("sub", "1")},
	"claims: lifetime per call 11": {isQuirk, "Q37", "a lifetime is positive", mistake500},

	"claims: audience on minting 5": {isTyped, "", "one audience is a string (RFC 7519 §4.1.3)", claimed("aud", "foo")},
	"claims: audience on minting 7": {isTyped, "", "one audience is a string (RFC 7519 §4.1.3)", claimed("aud", "bar")},
	"claims: algorithm per call 1":  {isRequirement, "J03", "a key has the algorithms that are listed", mistake500},
	"claims: algorithm per call 3":  {isRequirement, "J03", "a key has the algorithms that are listed", mistake500},
	"cookies: max age per call 3":   {isRequirement, "C21", "no cookie outlives its token", untilExp},
	"cookies: max age per call 4":   {isQuirk, "Q18", "zero is not the setting", mistake500},
	"errors: leeway as duration 7":  {isRequirement, "T01", "a token has an exp", refusedWith(422, `Token is missing the "exp" claim`)},
	"errors: payload json 7":        {isRequirement, "B09", "a name stands once", refusedWith(422, "Invalid payload string: must be a json object")},
	"errors: no type claim 5":       {isQuirk, "Q04", "a list is another type", refusedWith(422, "Only access tokens are allowed")},
	"errors: payload json 6":        {isQuirk, "Q04", "a missing claim is an ordinary invalid token", refusedWith(422, `Token is missing the "exp" claim`)},
	"errors: payload json 1":        {isQuirk, "Q31", "the text is fixed", refusedWith(422, "Invalid payload string: must be a json object")},
	"errors: payload json 2":        {isQuirk, "Q31", "the text is fixed", refusedWith(422, "Invalid payload string: must be a json object")},
	"errors: payload json 8":        {isQuirk, "Q31", "the text is fixed", refusedWith(422, "Invalid payload string: must be a json object")},
	"errors: segments 5":            {isQuirk, "Q31", "the text is fixed", refusedWith(422, "Invalid payload string: must be a json object")},
	"errors: iat 5":                 {isQuirk, "Q31", "the text is fixed", refusedWith(422, "Issued At claim (iat) must be an integer.")},
	"csrf: odd csrf claims 1":       {isQuirk, "Q21", "a claim that is no string is none", refusedWith(422, "Missing claim: csrf")},
	"csrf: odd csrf claims 2":       {isQuirk, "Q21", "a claim that is no string is none", refusedWith(422, "Missing claim: csrf")},
	"websocket: cookie csrf 16":     {isQuirk, "Q21", "values are compared as octets", handshakeRefused("401", "CSRF double submit tokens do not match")},
	"websocket: no token 2":         {isClass, "Q44", "refused before the upgrade, with an HTTP status", closeCode1008},
	"websocket: no token 3":         {isClass, "Q44", "refused before the upgrade, with an HTTP status", closeCode1008},
	"websocket: no token 4":         {isClass, "Q44", "refused before the upgrade, with an HTTP status", closeCode1008},

	"cookies: setting cookies that are not a location 3": {isQuirk, "Q45", "there is nothing to unset", answered(map[string]any{"detail": "access cookies unset"})},
	"cookies: setting cookies that are not a location 4": {isQuirk, "Q45", "there is nothing to unset", answered(map[string]any{"detail": "refresh cookies unset"})},
	"cookies: setting cookies that are not a location 5": {isQuirk, "Q45", "there is nothing to unset", answered(map[string]any{"detail": "logged out"})},
}

// refusedSettings are the scenarios whose settings do not load: the quirk, and what the error must name.
var refusedSettings = map[string]struct{ quirk, names string }{
	"algorithms: a private key where the public one belongs":          {"Q36", "authjwt_public_key"},
	"algorithms: key pair that does not match":                        {"Q36", "Settings.PublicKey"},
	"algorithms: RSA key of 1024 bits":                                {"Q34", "Settings.PrivateKey"},
	"algorithms: ES256 on a curve that is not its own":                {"Q33", "Settings.Algorithm"},
	"algorithms: ES521, a name that does not exist":                   {"Q33", "authjwt_algorithm"},
	"algorithms: RSA key for an elliptic algorithm":                   {"Q36", "Settings.Algorithm"},
	"algorithms: elliptic key for an RSA algorithm":                   {"Q36", "Settings.Algorithm"},
	"algorithms: algorithm unknown":                                   {"Q36", "authjwt_algorithm"},
	"claims: lifetime negative":                                       {"Q37", "authjwt_access_token_expires"},
	"config-errors: null token_location at run time":                  {"Q36", "authjwt_token_location"},
	"config-errors: null header_name at run time":                     {"Q36", "authjwt_header_name"},
	"config-errors: null access_token_expires at run time":            {"Q36", "authjwt_access_token_expires"},
	"config-errors: null denylist_token_checks at run time":           {"Q36", "authjwt_denylist_token_checks"},
	"config-errors: null algorithm at run time":                       {"Q36", "authjwt_algorithm"},
	"config-errors: null cookie paths at run time: no Path attribute": {"Q36", "authjwt_access_cookie_path"},
	"cookies: samesite none":                                          {"Q17", "authjwt_cookie_samesite"},
	"cookies: max age zero":                                           {"Q18", "authjwt_cookie_max_age"},
	"cookies: max age negative":                                       {"Q36", "authjwt_cookie_max_age"},
	"denylist: no kinds: on, and checks nothing":                      {"Q36", "authjwt_denylist_token_checks"},
	"errors: negative leeway shortens life":                           {"Q36", "authjwt_decode_leeway"},
	"errors: weak secrets are accepted":                               {"Q34", "authjwt_secret_key"},
	"headers: header type containing a space can never match":         {"Q14", "authjwt_header_type"},
	"locations: empty list: every guard is open":                      {"Q07", "authjwt_token_location"},
}
