// SPDX-License-Identifier: Apache-2.0

package container

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseReference(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for reference, want := range map[string][3]string{
		"":                             {"", "", ""},
		"nginx":                        {"nginx", "", ""},
		"nginx:1.27":                   {"nginx", "1.27", ""},
		"docker.io/library/nginx:1.27": {"docker.io/library/nginx", "1.27", ""},
		"localhost:5000/nginx":         {"localhost:5000/nginx", "", ""},
		"localhost:5000/a/nginx:v1":    {"localhost:5000/a/nginx", "v1", ""},
		"nginx@" + digest:              {"nginx", "", digest},
		"nginx:1.27@" + digest:         {"nginx", "1.27", digest},
		digest:                         {"", "", ""},
		strings.Repeat("a", 64):        {"", "", ""},
		"[2001:db8::1]:5000/app:v1":    {"[2001:db8::1]:5000/app", "v1", ""},
	} {
		name, tag, digest := parseReference(reference)
		assert.Equal(t, want, [3]string{name, tag, digest}, reference)
	}
}

// Which of an image's names was meant is known if it was asked for by name, or if there is only one.
func TestImage_names(t *testing.T) {
	references := []string{"nginx:1.27", "nginx:latest", "mirror/nginx:old", "nginx@sha256:ab"}
	byName := askedFor("docker.io/library/nginx:1.27")
	byName.add(references, nil)
	assert.Zero(t, byName.bound())
	assert.Equal(t, "docker.io/library/nginx", byName.Name)
	assert.Equal(t, []string{"1.27", "latest"}, byName.Tags)
	assert.Equal(t, []string{"nginx@sha256:ab"}, byName.RepoDigests)

	byID := askedFor(strings.Repeat("a", 64))
	byID.add(references, nil)
	assert.Zero(t, byID.bound())
	assert.Empty(t, byID.Name)
	assert.Empty(t, byID.Tags)
	assert.Equal(t, []string{"nginx@sha256:ab"}, byID.RepoDigests)

	only := askedFor(strings.Repeat("a", 64))
	only.add([]string{"app:v1", "app:v2"}, []string{"sha256:cd"})
	assert.Zero(t, only.bound())
	assert.Equal(t, Image{
		Reference: strings.Repeat("a", 64), Name: "app", Tags: []string{"v1", "v2"}, RepoDigests: []string{"app@sha256:cd"},
	}, only)
}

func TestImage_bounds(t *testing.T) {
	i := askedFor("app:v1")
	for n := range 2 * imageTagsMax {
		i.add([]string{"app:" + strings.Repeat("x", n+1)}, nil)
	}
	assert.Equal(t, imageTagsMax+1, i.bound())
	assert.Len(t, i.Tags, imageTagsMax)
}
