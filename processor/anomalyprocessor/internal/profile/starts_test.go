// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where a number of started programs is asked for, learning goes on until there were as many, or to its end.
func TestStartsMin(t *testing.T) {
	s := newStage(t)
	s.profile.limits.StartsMin = 1000
	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x500", "every=5m"})
	progress := s.profile.Progress()
	require.Equal(t, Learning, progress.State)
	assert.Equal(t, "too few programs were started", progress.Reason)
	assert.InDelta(t, float64(500*5*time.Minute), float64(progress.Remaining), float64(time.Hour))

	decoded, err := Decode(s.profile.Encode(), s.profile.limits)
	require.NoError(t, err)
	assert.Equal(t, uint64(500), decoded.starts)

	s.command([]string{"do", "/app", "exec", "/usr/bin/gzip", "x500", "every=5m"})
	assert.Equal(t, Watching, s.profile.State())
}
