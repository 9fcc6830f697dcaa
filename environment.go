package authjwt

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SettingsFromEnv makes Settings of the variables AUTHJWT_SECRET_KEY and so on: the names of [LoadSettings] in upper case, read without regard
// to case on every system. It starts from the zero Settings, or from those of AUTHJWT_PRESET: fastapi-jwt-auth, fastjwt or oauth2cookie.
//
// A duration is 15m, or a number of seconds; none is a life without end, and no leeway. True, yes, on and 1 are true. Elements of a list
// are separated by commas, or they are a JSON array. Keys are PEM texts, in which \n may stand for a line break. Instead of
// AUTHJWT_SECRET_KEY, AUTHJWT_PRIVATE_KEY and AUTHJWT_PUBLIC_KEY, the same with _FILE at the end may name a file, of Docker's or Kubernetes'
// secrets say; of the secret's file one line break at the end is cut off, for editors and kubectl add it.
//
// The error joins all mistakes. Empty variables are mistakes, for a secret that did not arrive must not pass for none, and so are unknown
// ones, but for those that Kubernetes sets by itself for services whose names begin with authjwt. Otherwise it is LoadSettings, but
// that the algorithm, if it is not named, goes by the key, and a key that no algorithm uses is a mistake for [New] to find.
func SettingsFromEnv() (Settings, error) {
	l := loading{spell: envName, extra: []string{presetName}}
	texts, names := map[string]string{}, map[string]string{} // by the names in upper case
	for _, entry := range slices.Sorted(slices.Values(os.Environ())) {
		name, text, _ := strings.Cut(entry, "=")
		upper := strings.ToUpper(name)
		if !strings.HasPrefix(upper, "AUTHJWT_") || isServiceVariable(name, text) {
			continue
		}
		if other, twice := names[upper]; twice {
			l.fail(name, fmt.Errorf("it is set as %s, too; set it once", shownName(other)))
			continue
		}
		texts[upper], names[upper] = text, name
	}
	if preset, ok := texts[presetName]; ok {
		var err error
		if l.settings, err = findPreset(preset); err != nil {
			l.fail(names[presetName], err)
		}
	}
	for _, n := range loadables {
		if fileReadable(n) {
			l.extra = append(l.extra, envName(n)+"_FILE")
		}
	}
	for _, upper := range slices.Sorted(maps.Keys(texts)) {
		l.variable(names[upper], upper, texts)
	}
	return l.finish()
}

const presetName = "AUTHJWT_PRESET"

func envName(n loadable) string { return strings.ToUpper(n.python) }

// fileReadable tells whether a file may hold the value.
func fileReadable(n loadable) bool {
	return slices.Contains([]string{"SecretKey", "PrivateKey", "PublicKey"}, n.field)
}

func findPreset(name string) (Settings, error) {
	switch name {
	case "fastapi-jwt-auth":
		return FastAPIJWTAuth(), nil
	case "fastjwt":
		return FastJWT(), nil
	case "oauth2cookie":
		return OAuth2Cookie(), nil
	}
	return Settings{}, fmt.Errorf("%.60q is no preset; write fastapi-jwt-auth, fastjwt or oauth2cookie, or unset it", name)
}

// variable takes one from the environment.
func (l *loading) variable(name, upper string, texts map[string]string) {
	text := texts[upper]
	base, isFile := strings.CutSuffix(upper, "_FILE")
	n, ok := findLoadable(strings.ToLower(base), func(n loadable) string { return n.python })
	switch {
	case upper == presetName:
		return
	case !ok || isFile && !fileReadable(n):
		l.unknown(name)
		return
	case text == "":
		l.fail(name, errors.New("it is empty; set it to something, or unset it"))
		return
	}
	if isFile {
		if _, both := texts[base]; both {
			l.fail(name, fmt.Errorf("%s is set, too; unset one of them", base))
			return
		}
		content, err := readFile(text, base)
		if err != nil {
			l.fail(name, err)
			return
		}
		text = cutLineBreak(content)
	} else if fileReadable(n) && n.field != "SecretKey" && !isPEM(text) {
		l.fail(name, fmt.Errorf("it is no PEM, which begins with -----BEGIN; if it names a file, set %s_FILE instead", base))
		return
	}
	var v any = text
	if n.read.text != nil {
		var err error
		if v, err = n.read.text(text); err != nil {
			l.fail(name, err)
			return
		}
	}
	l.take(n.field, n.read, name, v)
}

func readFile(path, base string) (string, error) {
	if isPEM(path) { // it must not stand in an error
		return "", fmt.Errorf("it is a key, not the name of a file; set %s to it", base)
	}
	content, err := os.ReadFile(path)
	var failed *fs.PathError
	if errors.As(err, &failed) { // without the path, which may be a secret that belongs to the other variable
		return "", fmt.Errorf("it names a file that cannot be read: %w; is it mounted, may this process read it, or does the value belong to %s?", failed.Err, base)
	}
	if err != nil {
		return "", err
	}
	return string(content), nil
}

// cutLineBreak cuts off one alone: any more are part of the secret (Q53).
func cutLineBreak(s string) string {
	if line, cut := strings.CutSuffix(s, "\n"); cut {
		return strings.TrimSuffix(line, "\r")
	}
	return s
}

// serviceVariables are those that Kubernetes sets in every container for each Service of its namespace, here for one that is named authjwt or
// authjwt-something: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
var serviceVariables = []struct {
	name *regexp.Regexp
	fits func(value string) bool
}{
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_SERVICE_HOST$`), isAddress},
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_SERVICE_PORT(_[A-Z0-9_]+)?$`), isPort},
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_PORT(_[0-9]+_(TCP|UDP|SCTP))?$`), isEndpoint},
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_PORT_[0-9]+_(TCP|UDP|SCTP)_PROTO$`), isProtocol},
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_PORT_[0-9]+_(TCP|UDP|SCTP)_PORT$`), isPort},
	{regexp.MustCompile(`^AUTHJWT(_[A-Z0-9_]+)?_PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR$`), isAddress},
}

// isServiceVariable looks at name and value, for AUTHJWT_COOKIE_SECURE_PORT is somebody's mistake unless it holds an endpoint.
func isServiceVariable(name, value string) bool {
	for _, v := range serviceVariables {
		if v.name.MatchString(name) && v.fits(value) {
			return true
		}
	}
	return false
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func isProtocol(s string) bool { return slices.Contains([]string{"tcp", "udp", "sctp"}, s) }

func isEndpoint(s string) bool {
	protocol, rest, _ := strings.Cut(s, "://")
	_, err := netip.ParseAddrPort(rest)
	return isProtocol(protocol) && err == nil
}
