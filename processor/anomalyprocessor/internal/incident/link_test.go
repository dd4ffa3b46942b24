// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// scripted is a stage on which a script runs, as scripts usually do, in process 20.
func scripted(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.play("start 10 1 /usr/sbin/crond\nstart 11 10 /bin/sh x300 every=1m\nstart 12 11 /usr/bin/gzip x300 every=1s\nend-learning\nstart 20 10 /bin/sh\n")
	require.Empty(t, s.tracker.Open())
	return s
}

// below executes a program that is unusual below a fork, and returns the incident of that.
func (s *stage) below(pid, fork uint32, program string) *Incident {
	s.executables[pid], s.parents[pid], s.executables[fork] = program, fork, "/bin/sh"
	e := s.event(pid, behaviour.Exec, program)
	return s.take(&e).Incident
}

func TestTracker_siblingsOfForks(t *testing.T) {
	t.Run("of one script", func(t *testing.T) {
		s := scripted(t)
		s.note(21, 20, false)
		s.note(22, 20, false)
		s.note(23, 22, false)
		first := s.below(31, 21, "/usr/bin/od")
		require.NotNil(t, first)
		assert.Same(t, first, s.below(33, 23, "/usr/bin/tr"))
		assert.Same(t, first, s.below(34, 20, "/usr/bin/getent"))
	})
	t.Run("long after", func(t *testing.T) {
		s := scripted(t)
		s.note(21, 20, false)
		s.note(22, 20, false)
		first := s.below(31, 21, "/usr/bin/od")
		s.now = s.now.Add(siblingMax + time.Second)
		assert.NotSame(t, first, s.below(32, 22, "/usr/bin/tr"))
	})
	t.Run("of two scripts", func(t *testing.T) {
		s := scripted(t)
		s.play("start 40 10 /bin/sh\n")
		s.note(21, 20, false)
		s.note(41, 40, false)
		first := s.below(31, 21, "/usr/bin/od")
		assert.NotSame(t, first, s.below(32, 41, "/usr/bin/curl"), "what is sensitive may be somebody else's")
		assert.Same(t, first, s.below(33, 21, "/usr/bin/tr"))
	})
	t.Run("of nobody that is known", func(t *testing.T) {
		s := scripted(t)
		assert.NotSame(t, s.below(31, 90, "/usr/bin/od"), s.below(32, 91, "/usr/bin/tr"))
	})
}
