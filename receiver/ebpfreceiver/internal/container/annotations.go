// SPDX-License-Identifier: Apache-2.0

package container

import (
	"encoding/json"
	"slices"
)

// annotations are those of an OCI configuration that were asked for.
type annotations map[string]string

// parseAnnotations reads an OCI configuration, of which it keeps annotations that are wanted.
// Source: github.com/opencontainers/runtime-spec, config.md, "Annotations".
func parseAnnotations(bundle []byte, wanted func(key string) bool) (annotations, error) {
	var configuration struct {
		Annotations json.RawMessage `json:"annotations"`
	}
	if err := json.Unmarshal(bundle, &configuration); err != nil {
		return nil, err
	}
	kept := annotations{}
	err := eachText(configuration.Annotations, func(key, value string) {
		if wanted(key) {
			kept[key] = value
		}
	})
	return kept, err
}

// among returns a function that wants these keys.
func among(keys []string) func(string) bool {
	return func(key string) bool { return slices.Contains(keys, key) }
}

// first returns the first of the annotations that says something.
func (a annotations) first(keys ...string) string {
	for _, key := range keys {
		if a[key] != "" {
			return a[key]
		}
	}
	return ""
}
