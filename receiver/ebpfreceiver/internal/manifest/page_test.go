// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"os"
	"reflect"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keysOf are the paths of all keys of a struct, as the guide writes them.
func keysOf(t reflect.Type, before string) []string {
	var keys []string
	for field := range t.Fields() {
		key, inner := before+field.Tag.Get("yaml"), field.Type
		keys = append(keys, key)
		switch {
		case inner.Kind() == reflect.Slice:
			keys = append(keys, keysOf(inner.Elem(), key+"[].")...)
		case inner.Kind() == reflect.Pointer:
			keys = append(keys, keysOf(inner.Elem(), key+".")...)
		}
	}
	return keys
}

var (
	pageSection = regexp.MustCompile(`(?s)\n## The manifest\n(.*?)\n## `)
	pageRow     = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
)

// The guide has every key and every way to read a field, and no others.
func TestManifest_documented(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/custom-tracers.md")
	require.NoError(t, err)
	section := pageSection.FindStringSubmatch(string(page))
	require.NotNil(t, section)
	var documented []string
	for _, match := range pageRow.FindAllStringSubmatch(section[1], -1) {
		documented = append(documented, match[1])
	}
	want := keysOf(reflect.TypeFor[Manifest](), "")
	for _, as := range []As{AsAddress, AsPort, AsHex, AsText, AsDuration, AsErrno} {
		want = append(want, string(as))
	}
	assert.ElementsMatch(t, want, documented)
	for _, value := range []string{
		string(TypeSum), string(TypeGauge), string(TypeHistogram), string(ScaleLog2), string(ScaleLinear),
		string(ClockBoot), string(ClockMonotonic), string(ClockReal), "trace", "debug", "info", "warn", "error",
	} {
		assert.Contains(t, section[1], "`"+value+"`")
	}
}
