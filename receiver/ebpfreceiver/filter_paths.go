// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"strings"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// pathRules say of which files events are wanted. The kernel half applies the same to the files that it can name.
type pathRules struct {
	// verdicts by path: true is wanted. What all below a path has ends with a slash.
	verdicts map[string]bool
	// otherwise is the verdict on what no rule fits.
	otherwise bool
}

func newPathRules(include, exclude []string) pathRules {
	r := pathRules{verdicts: map[string]bool{}, otherwise: len(include) == 0}
	// What is both is excluded.
	r.add(include, true)
	r.add(exclude, false)
	return r
}

func (r *pathRules) add(paths []string, wanted bool) {
	for _, path := range paths {
		if !strings.HasSuffix(path, "/") {
			r.verdicts[path] = wanted
			path += "/"
		}
		r.verdicts[path] = wanted
	}
}

// want decides about an event. One with two paths is wanted if either is, and so is what has none or is not known
// as a whole.
func (r *pathRules) want(event decode.Event) bool {
	if len(r.verdicts) == 0 {
		return true
	}
	e, ok := event.(*decode.File)
	if !ok {
		// What the kernel half has counted was wanted.
		return true
	}
	one, other := e.WholePaths()
	return one == "" || r.wantPath(one) || other != "" && r.wantPath(other)
}

// wantPath looks for the longest rule.
func (r *pathRules) wantPath(path string) bool {
	if wanted, ok := r.verdicts[path]; ok {
		return wanted
	}
	for end := strings.LastIndexByte(path, '/'); end >= 0; end = strings.LastIndexByte(path[:end], '/') {
		if wanted, ok := r.verdicts[path[:end+1]]; ok {
			return wanted
		}
	}
	return r.otherwise
}
