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
		algs, _ := s.namedAlgorithms()
		algs = append(algs, algorithms[0])
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
	ofSecret, ofPair := s.namedAlgorithms()
	if s.Algorithm != "" && ofSecret == nil {
		s.SecretKey = ""
	}
	if ofPair == nil && s.SecretKey != "" {
		s.PrivateKey, s.PublicKey = nil, nil
	}
}

// namedAlgorithms are those that Algorithm and DecodeAlgorithms name, of a secret and of a key pair.
func (s *Settings) namedAlgorithms() (ofSecret, ofPair []algorithm) {
	for _, name := range append([]string{s.Algorithm}, s.DecodeAlgorithms...) {
		switch alg, ok := findAlgorithm(name); {
		case ok && alg.family == familyHMAC:
			ofSecret = append(ofSecret, alg)
		case ok:
			ofPair = append(ofPair, alg)
		}
	}
	return ofSecret, ofPair
}
