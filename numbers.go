package authjwt

import (
	stdjson "encoding/json"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// exactNumbers decodes a number into an any as encoding/json.Number instead of float64, which loses
// digits beyond 2^53, and lets fields of that type read numbers.
var exactNumbers = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
		return readNumber(dec, func(n stdjson.Number) { *v = n })
	}),
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *stdjson.Number) error {
		return readNumber(dec, func(n stdjson.Number) { *v = n })
	}),
))

func readNumber(dec *jsontext.Decoder, set func(stdjson.Number)) error {
	if dec.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	if err == nil {
		set(stdjson.Number(number))
	}
	return err
}

// numbersAsNumbers encodes an encoding/json.Number as the number it is, so that decoded claims can be
// put into a new token unchanged.
var numbersAsNumbers = json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, n stdjson.Number) error {
	text := []byte(n)
	if !jsontext.Value(text).IsValid() || jsontext.Value(text).Kind() != '0' {
		return errors.New("json.Number " + strconv.Quote(string(n)) + " is no number")
	}
	return enc.WriteValue(text)
}))
