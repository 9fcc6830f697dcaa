package authjwt

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// readLifetime refuses what would make tokens that have expired already (Q37).
func readLifetime(v any) (any, error) {
	if v == any(false) || v == any(NoExpiry) {
		return NoExpiry, nil
	}
	d, err := readDuration(v)
	if err == nil && d <= 0 {
		err = misread(v, "no lifetime; write more than 0, or false for none")
	}
	return d, err
}

// slackReader reads what may be none, which is written 0.
func slackReader(none time.Duration) reader {
	return reader{func(v any) (any, error) {
		if v == any(NoLeeway) {
			return none, nil
		}
		d, err := readDuration(v)
		switch {
		case err != nil:
			return nil, err
		case d < 0:
			return nil, misread(v, "below 0; write 0 for none")
		case d == 0:
			return none, nil
		}
		return d, nil
	}, spanText(json.Number("0"))}
}

func readTimeout(v any) (any, error) {
	d, err := readDuration(v)
	if err == nil && d <= 0 {
		err = misread(v, "no time to wait; write 0.25, or \"250ms\"")
	}
	return d, err
}

// readMaxAge reads whole seconds, as the attribute has them, and no texts, as Python.
func readMaxAge(v any) (any, error) {
	const fix = "no number of whole seconds from 1; write 3600, or leave it out for cookies that end with the browser"
	if isText(v) {
		return nil, misread(v, fix)
	}
	d, err := readDuration(v)
	if err == nil && (d <= 0 || d%time.Second != 0) {
		err = misread(v, fix)
	}
	return d, err
}

func maxAgeText(s string) (any, error) {
	if d, err := readDuration(s); err == nil {
		return d, nil
	}
	return spanText(s)(s)
}

// spanText reads a number as seconds, and none and false as what they stand for.
func spanText(none any) func(string) (any, error) {
	return func(s string) (any, error) {
		switch {
		case strings.EqualFold(s, "none"), strings.EqualFold(s, "false"):
			return none, nil
		case decimal.MatchString(s):
			return json.Number(s), nil
		}
		return s, nil
	}
}

var (
	decimal = regexp.MustCompile(`^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$`)
	// isoDuration is what pydantic reads of ISO 8601, without a sign, and pythonDuration is str(timedelta): days, hours, minutes, seconds.
	isoDuration    = regexp.MustCompile(`^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)
	pythonDuration = regexp.MustCompile(`^(?:(\d+) (?:days?, )?)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$`)
)

// readDuration takes numbers for seconds, and texts that name their units. A text of digits alone does not (Q36).
func readDuration(v any) (time.Duration, error) {
	if d, ok := v.(time.Duration); ok {
		return d, nil
	}
	r := reflect.ValueOf(v)
	switch number, isNumber := v.(json.Number); {
	case isNumber && decimal.MatchString(string(number)):
		f, _ := strconv.ParseFloat(string(number), 64) // what is out of range becomes infinite
		return seconds(v, f)
	case r.CanInt():
		return seconds(v, float64(r.Int()))
	case r.CanUint():
		return seconds(v, float64(r.Uint()))
	case r.CanFloat():
		return seconds(v, r.Float())
	case isText(v) && decimal.MatchString(r.String()):
		return 0, misread(v, "a text without a unit; write the number, without quotes, or the unit: \"15m\"")
	case isText(v):
		if d, err := time.ParseDuration(r.String()); err == nil {
			return d, nil
		}
		for _, form := range []*regexp.Regexp{isoDuration, pythonDuration} {
			if parts := form.FindStringSubmatch(r.String()); parts != nil && strings.Join(parts[1:], "") != "" {
				return seconds(v, 86400*float(parts[1])+3600*float(parts[2])+60*float(parts[3])+float(parts[4]))
			}
		}
	}
	return 0, misread(v, "no duration; write seconds, or \"15m\", \"PT15M\" or \"0:15:00\"")
}

// float is the number of a part that may be missing.
func float(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

func seconds(v any, f float64) (time.Duration, error) {
	if !(math.Abs(f) < math.MaxInt64/1e9) { // which NaN is not, either
		return 0, misread(v, "out of range; write a number of seconds, or \"15m\"")
	}
	whole, part := math.Modf(f)
	return time.Duration(whole)*time.Second + time.Duration(math.Round(part*1e9)), nil
}
