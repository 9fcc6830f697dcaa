package authjwt

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A loading collects Settings, and all that is wrong with what they are made of.
type loading struct {
	settings Settings
	given    map[string]string       // the name by which a field was given
	spell    func(n loadable) string // the name of one that was not
	extra    []string                // more names that are known
	found    []error
}

func (l *loading) fail(name string, err error) {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		for _, one := range several.Unwrap() {
			l.fail(name, one)
		}
		return
	}
	l.found = append(l.found, fmt.Errorf("authjwt: %s: %w", shownName(name), err))
}

// take sets the field to what r makes of v, which came by the name.
func (l *loading) take(field string, r reader, name string, v any) {
	if l.given == nil {
		l.given = map[string]string{}
	}
	l.given[field] = name
	value, err := r.value(v)
	if err != nil {
		l.fail(name, err)
		return
	}
	if value != nil {
		reflect.ValueOf(&l.settings).Elem().FieldByName(field).Set(reflect.ValueOf(value))
	}
}

// finish returns the Settings, or all mistakes.
func (l *loading) finish() (Settings, error) {
	for _, err := range l.settings.loadedMistakes() {
		l.found = append(l.found, l.renamed(err))
	}
	if err := errors.Join(l.found...); err != nil {
		return Settings{}, err
	}
	return l.settings, nil
}

// renamed puts the name that was given before the field that the mistake is in.
func (l *loading) renamed(err error) error {
	var mistake *settingError
	if !errors.As(err, &mistake) {
		return err
	}
	var name, note string
	for _, n := range loadables {
		spelled := l.spell(n)
		if given, ok := l.given[n.field]; ok {
			spelled = given
		}
		if n.field == mistake.field {
			name = spelled
		}
		if n.opposite() && strings.Contains(err.Error(), n.field) {
			note = " (" + n.field + " is the opposite of " + spelled + ")"
		}
	}
	if name == "" {
		return err
	}
	return fmt.Errorf("authjwt: %s: Settings.%s: %w%s", name, mistake.field, mistake.cause, note)
}

// loadedMistakes are those that no key or Store can mend that is set later.
func (s Settings) loadedMistakes() (found []error) {
	s = s.withDefaults()
	s.DenylistEnabled = false
	if s.SecretKey != "" && !s.hasPair() {
		setDefault(&s.Algorithm, "HS256")
	}
	if s.Algorithm != "" || s.DecodeAlgorithms != nil {
		s.acceptAlgorithm()
		found = s.algorithmMistakes(false)
	}
	if s.SecretKey != "" {
		algs := []algorithm{algorithms[0]}
		for _, name := range append([]string{s.Algorithm}, s.DecodeAlgorithms...) {
			if alg, ok := findAlgorithm(name); ok && alg.family == familyHMAC {
				algs = append(algs, alg)
			}
		}
		short := s.InsecureShortSecret || len(s.SecretKey) >= minDistinctBytes // below, it is for no algorithm
		if err := secretProblem(s.SecretKey, short, algs...); err != nil {
			found = append(found, mistake("SecretKey", "%w", err))
		}
	}
	return append(found, s.validate()...)
}

// asInPython chooses HS256 where no algorithm is named, unless the keys can only verify others, and drops the key that is not used.
func (s *Settings) asInPython() {
	onlyVerifies := s.SecretKey == "" && s.DecodeAlgorithms != nil && !slices.Contains(s.DecodeAlgorithms, "HS256")
	if s.hasPair() && !onlyVerifies {
		setDefault(&s.Algorithm, "HS256")
	}
	secret, pair := s.Algorithm == "", false
	for _, name := range append([]string{s.Algorithm}, s.DecodeAlgorithms...) {
		alg, ok := findAlgorithm(name)
		secret = secret || ok && alg.family == familyHMAC
		pair = pair || ok && alg.family != familyHMAC
	}
	if !secret {
		s.SecretKey = ""
	}
	if !pair && s.SecretKey != "" {
		s.PrivateKey, s.PublicKey = nil, nil
	}
}
