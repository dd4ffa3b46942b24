// SPDX-License-Identifier: Apache-2.0

package container

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errNoObject = errors.New("it is not an object")

// eachText calls visit with the keys and values of an object whose value is a text. Only what is visited costs
// memory: others may have written any number of them. The object was found to be valid JSON before.
func eachText(object json.RawMessage, visit func(key, value string)) error {
	if len(object) == 0 || bytes.Equal(object, []byte("null")) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(object))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return errors.Join(errNoObject, err)
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		value, err := decoder.Token()
		if err != nil {
			return err
		}
		switch v := value.(type) {
		case string:
			visit(key.(string), v)
		case json.Delim:
			if err := skip(decoder); err != nil {
				return err
			}
		}
	}
	return nil
}

// skip passes over the rest of an object or array.
func skip(decoder *json.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}
