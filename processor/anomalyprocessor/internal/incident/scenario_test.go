// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"flag"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/scenariotest"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/generalise"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

var update = flag.Bool("update", false, "write what the scenarios say instead of comparing it")

var beginning = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// stage runs a scenario: a text in testdata/scenarios with a command per line, and after each, in lines that begin with >, what it says.
//
//	at 3h                              the time from now on, after the beginning
//	start PID PARENT PATH [x5] [every=1m] [version=v2]   a process executes PATH
//	fork PID PARENT                    a process is made
//	do PID ACTION OBJECT [x5] [every=1m] [version=v2]    a process does something
//	rule BITS                          rules say this about all that comes, 0 for nothing
//	end-learning, incidents, expire, close (the last one)
//
// # becomes a number that counts up, written in letters.
type stage struct {
	t           *testing.T
	generaliser *generalise.Generaliser
	observation *profile.Observation
	profile     *profile.Profile
	tracker     *Tracker
	now         time.Time
	executables map[uint32]string
	parents     map[uint32]uint32
	serial      int
	// hint is what rules say about each event.
	hint Hint
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	return &stage{
		t: t, generaliser: g, observation: new(profile.Observation), profile: profile.New("shop/web", profile.DefaultLimits()),
		tracker: NewTracker(), now: beginning, executables: map[uint32]string{1: "/init"}, parents: map[uint32]uint32{},
	}
}

func TestScenarios(t *testing.T) {
	scenariotest.RunScripts(t, "testdata/scenarios", *update, func(t *testing.T, script string) string {
		t.Helper()
		return newStage(t).play(script)
	})
}

func (s *stage) play(script string) string { return scenariotest.Answered(script, s.command) }

func (s *stage) command(words []string) string {
	switch words[0] {
	case "at":
		after, err := time.ParseDuration(words[1])
		require.NoError(s.t, err)
		s.now = beginning.Add(after)
	case "start":
		return s.repeat(words[4:], func() behaviour.Event {
			pid, parent := s.pid(words[1]), s.pid(words[2])
			s.executables[pid], s.parents[pid] = s.text(words[3]), parent
			return s.event(pid, behaviour.Exec, s.executables[pid])
		})
	case "fork":
		pid, parent := s.pid(words[1]), s.pid(words[2])
		s.executables[pid], s.parents[pid] = s.executables[parent], parent
		s.note(pid, parent, false)
	case "do":
		action, ok := behaviour.ParseAction(words[2])
		require.True(s.t, ok, words[2])
		return s.repeat(words[4:], func() behaviour.Event { return s.event(s.pid(words[1]), action, s.text(words[3])) })
	case "rule":
		bits, err := strconv.ParseFloat(words[1], 64)
		require.NoError(s.t, err)
		s.hint = Hint{Bits: bits}
	case "end-learning":
		s.profile.EndLearning()
	case "expire":
		closed := s.tracker.Expire(s.now)
		return fmt.Sprintf("%d closed, %d open", len(closed), len(s.tracker.Open()))
	case "close":
		open := s.tracker.Open()
		s.tracker.Close(open[len(open)-1])
	case "incidents":
		return s.incidents()
	default:
		s.t.Fatalf("there is no command %q", words[0])
	}
	return ""
}

func (s *stage) pid(word string) uint32 {
	pid, err := strconv.ParseUint(word, 10, 32)
	require.NoError(s.t, err)
	return uint32(pid)
}

func (s *stage) text(word string) string {
	s.serial++
	text := "z"
	for n := s.serial; n > 0; n /= 20 {
		text += string("bcdfghjklmnpqrstvwxz"[n%20])
	}
	return strings.ReplaceAll(word, "#", text)
}

func (s *stage) event(pid uint32, action behaviour.Action, object string) behaviour.Event {
	parent := s.parents[pid]
	e := behaviour.Event{
		Workload: "shop/web", Version: "v1", Instance: "a", Time: s.now, Process: behaviour.ProcessKey{PID: pid},
		Parent: behaviour.ProcessKey{PID: parent}, Executable: s.executables[pid], ParentExecutable: s.executables[parent], Action: action,
	}
	switch action {
	case behaviour.Connect:
		far, err := netip.ParseAddrPort(object)
		require.NoError(s.t, err)
		e.Address, e.Port = far.Addr(), far.Port()
	case behaviour.Privilege, behaviour.Injection, behaviour.Resolve:
		e.Detail = object
	default:
		e.Path = object
	}
	require.NoError(s.t, e.Validate())
	return e
}

// repeat sends events, and tells what the last one led to.
func (s *stage) repeat(options []string, next func() behaviour.Event) string {
	times, every, version := 1, time.Duration(0), "v1"
	for _, option := range options {
		name, value, _ := strings.Cut(option, "=")
		var err error
		switch name {
		case "every":
			every, err = time.ParseDuration(value)
		case "version":
			version = value
		default:
			times, err = strconv.Atoi(strings.TrimPrefix(option, "x"))
		}
		require.NoError(s.t, err, option)
	}
	var v Verdict
	for i := range times {
		if i > 0 {
			s.now = s.now.Add(every)
		}
		e := next()
		e.Version = version
		v = s.take(&e)
	}
	switch {
	case v.Incident == nil:
		return ""
	case v.Raised:
		return fmt.Sprintf("raises #%d by %.1f", v.Incident.Number, v.Incident.Score())
	}
	return fmt.Sprintf("in #%d: %.1f", v.Incident.Number, v.Incident.Score())
}

// take is what the owner of a profile and a tracker does with an event.
func (s *stage) take(e *behaviour.Event) Verdict {
	s.observation.From(s.generaliser, e)
	s.tracker.Look(e, s.observation)
	s.profile.Begin(s.observation, e.Time)
	v := s.tracker.Add(e, s.observation, s.profile.Judge(s.observation), s.hint)
	v.Tell(s.profile, s.observation)
	return v
}

func (s *stage) incidents() string {
	var out strings.Builder
	for _, i := range s.tracker.Open() {
		fmt.Fprintf(&out, "#%d raised %v, score %.1f, decisive %.1f, processes", i.Number, i.Raised, i.Score(), i.DecisiveScore())
		for n := range i.Nodes {
			if n == 8 {
				fmt.Fprintf(&out, " and %d more", len(i.Nodes)-n)
				break
			}
			fmt.Fprintf(&out, " %d", i.Nodes[n].Process.PID)
		}
		fmt.Fprintf(&out, ", %d behaviours, beyond the limits %d and %d\n", len(i.Behaviours), i.MoreNodes, i.MoreBehaviours)
		for n := range i.Named {
			fmt.Fprintf(&out, "  names %d %s: %s\n", i.Named[n].Process.PID, i.Named[n].Executable, i.Named[n].Role)
		}
		for b := range i.Behaviours {
			if b == 8 {
				fmt.Fprintf(&out, "  …\n")
				break
			}
			fmt.Fprintf(&out, "  %.1f %s: %s\n", i.Behaviours[b].Weight, i.Behaviours[b].Sensitivity, i.Behaviours[b].Explanation)
		}
	}
	if out.Len() == 0 {
		return "none"
	}
	return out.String()
}
