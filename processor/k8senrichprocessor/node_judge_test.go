// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nodeNamedShareMin is the share of events that have to have every name.
const nodeNamedShareMin = 0.99

// nodeTable counts what events say, held against what they should say, by what they are about.
type nodeTable map[string]*nodeRow

type nodeRow struct {
	all, named int
	// wrong says what is not so, lacking what is not said, with the reason that the event gives.
	wrong   []string
	lacking map[string]int
}

// judge counts an event: named if it says all that is wanted, wrong if it says something else, or lacking.
func (all nodeTable) judge(what string, attributes, want map[string]any, reason string) {
	row, ok := all[what]
	if !ok {
		row = &nodeRow{lacking: map[string]int{}}
		all[what] = row
	}
	row.all++
	missing, wrong := "", ""
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, there := attributes[name]
		switch {
		case there && got == want[name]:
		case there && !strings.HasSuffix(name, ".status"):
			wrong = fmt.Sprintf("%s is %v instead of %v", name, got, want[name])
		case missing == "":
			missing = fmt.Sprintf("%s (%v)", name, attributes[reason])
		}
	}
	switch {
	case wrong != "":
		row.wrong = append(row.wrong, wrong)
	case missing != "":
		row.lacking[missing]++
	default:
		row.named++
	}
}

func (r *nodeRow) share() float64 { return float64(r.named) / float64(r.all) }

// String is a table.
func (all nodeTable) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-44s %8s %8s %8s %8s  %s\n", "", "all", "named", "share", "wrong", "why not")
	for _, what := range slices.Sorted(maps.Keys(all)) {
		row := all[what]
		fmt.Fprintf(&text, "%-44s %8d %8d %7.2f%% %8d  %v\n", what, row.all, row.named, 100*row.share(), len(row.wrong), row.lacking)
	}
	return text.String()
}

// requireNamed fails the test if anything is wrong, too much lacks a name, or something is not there at all.
func (all nodeTable) requireNamed(t *testing.T, rows ...string) {
	t.Helper()
	require.NotEmpty(t, all, "nothing was seen")
	for _, what := range rows {
		assert.Contains(t, all, what)
	}
	for what, row := range all {
		assert.Empty(t, row.wrong, what)
		assert.GreaterOrEqual(t, row.share(), nodeNamedShareMin, "%s: share with every name; %v", what, row.lacking)
	}
}
