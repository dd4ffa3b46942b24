// SPDX-License-Identifier: Apache-2.0

package losses

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func TestHosts_share(t *testing.T) {
	var h Hosts
	assert.Zero(t, h.Share("a", noon))
	require.True(t, h.Add("a", Loss{"file", 1000, 100}, noon))
	assert.InDelta(t, 0.1, h.Share("a", noon), 1e-9)
	assert.Zero(t, h.Share("b", noon), "another host")
	require.True(t, h.Add("a", Loss{"file", 1000, 300}, noon.Add(time.Minute)))
	assert.InDelta(t, 0.2, h.Share("a", noon.Add(time.Minute)), 1e-9)
	require.True(t, h.Add("a", Loss{"process", 10, 9}, noon.Add(time.Minute)))
	assert.InDelta(t, 0.9, h.Share("a", noon.Add(time.Minute)), 1e-9, "the worst one counts")
	require.True(t, h.Add("a", Loss{"tcp", 1, 5}, noon.Add(time.Minute)))
	assert.InDelta(t, 1, h.Share("a", noon.Add(time.Minute)), 1e-9, "some were offered earlier")
	assert.InDelta(t, 1, h.Share("a", noon.Add(Window)), 1e-9)
	assert.Zero(t, h.Share("a", noon.Add(Window+time.Minute)), "long ago")
	assert.Zero(t, h.Share("a", noon.Add(-time.Hour)), "not yet")
	require.True(t, h.Add("c", Loss{"file", 1000, 100}, noon))
	require.True(t, h.Add("c", Loss{"file", 4, 1}, noon.Add(Window)), "in the place of what was lost ten minutes ago")
	assert.InDelta(t, 0.25, h.Share("c", noon.Add(Window)), 1e-9)
	assert.Zero(t, h.Dropped())
}

func TestHosts_refuses(t *testing.T) {
	var h Hosts
	for _, loss := range []Loss{{"file", 1, 0}, {"file", 1, -1}, {"file", -1, 1}, {"", 1, 1}, {strings.Repeat("x", textBytesMax+1), 1, 1}} {
		assert.False(t, h.Add("a", loss, noon), "%+v", loss)
	}
	assert.False(t, h.Add("", Loss{"file", 1, 1}, noon))
	assert.False(t, h.Add(strings.Repeat("x", textBytesMax+1), Loss{"file", 1, 1}, noon))
	for range 10 {
		require.True(t, h.Add("a", Loss{"file", math.MaxInt64, math.MaxInt64}, noon))
	}
	assert.InDelta(t, 1, h.Share("a", noon), 1e-9)
}

func TestHosts_bounded(t *testing.T) {
	var h Hosts
	for n := range hostsMax + 10 {
		require.True(t, h.Add(fmt.Sprint(n), Loss{"file", 2, 1}, noon.Add(time.Duration(n)*time.Minute)))
	}
	assert.Len(t, h.hosts, hostsMax)
	assert.EqualValues(t, 10, h.Dropped())
	assert.NotContains(t, h.hosts, "9")
	for n := range 2 * tracersMax {
		require.True(t, h.Add("x", Loss{fmt.Sprint(n), 2, 1}, noon))
	}
	assert.Len(t, h.hosts["x"].tracers, tracersMax)
	assert.EqualValues(t, 11+tracersMax, h.Dropped())
}
