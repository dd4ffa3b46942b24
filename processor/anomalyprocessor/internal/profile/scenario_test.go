// SPDX-License-Identifier: Apache-2.0

package profile

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
)

var update = flag.Bool("update", false, "write what the scenarios say instead of comparing it")

// beginning is when scenarios begin.
var beginning = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// stage runs a scenario: a text in testdata/scenarios with a command per line, and after each, in lines that begin with >, what it says.
//
//	at 3h                      the time from now on, after the beginning
//	do EXE ACTION OBJECT ...   an event, judged and then learned. Options: x5 (so often), every=1m, on=b (replica), version=v2,
//	                           args=A,B, unlearned. # in the object becomes a number that counts up
//	progress, stats, end-learning
//	mark|accept|forbid EXE ACTION OBJECT
//	copy                       export and import
type stage struct {
	t           *testing.T
	generaliser *generalise.Generaliser
	observation *Observation
	profile     *Profile
	now         time.Time
	serial      int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g, err := generalise.New(generalise.Config{})
	require.NoError(t, err)
	return &stage{t: t, generaliser: g, observation: new(Observation), profile: New("shop/web", DefaultLimits()), now: beginning}
}

func TestScenarios(t *testing.T) {
	scenariotest.RunScripts(t, "testdata/scenarios", *update, func(t *testing.T, script string) string {
		t.Helper()
		return newStage(t).play(script)
	})
}

// play returns the scenario with what its commands say.
func (s *stage) play(script string) string { return scenariotest.Answered(script, s.command) }

func (s *stage) command(words []string) string {
	switch words[0] {
	case "at":
		after, err := time.ParseDuration(words[1])
		require.NoError(s.t, err)
		s.now = beginning.Add(after)
	case "do":
		return s.do(words[1:])
	case "end-learning":
		s.profile.EndLearning()
	case "progress":
		p := s.profile.Progress()
		return fmt.Sprintf("%s: %.0f %% after %s, %s to go, %.1f of 1000 are new, settled %v. %s", p.State, 100*p.Fraction, p.Observed, p.Remaining,
			p.NewPerThousand, p.Settled, p.Reason)
	case "stats":
		stats := s.profile.Stats()
		return fmt.Sprintf("%d nodes, %d bytes, %d events, %d evicted, %d clock jumps, %d instances", stats.Nodes, stats.Bytes, stats.Events,
			stats.Evicted, stats.ClockJumps, stats.Instances)
	case "mark", "accept", "forbid":
		e, _, _, _ := s.event(words[1:])
		object(s.t, &e, words[3])
		s.observation.From(s.generaliser, &e)
		map[string]func(...Keys){"mark": func(keys ...Keys) { s.profile.Mark(keys...) }, "accept": s.profile.Accept, "forbid": s.profile.Forbid}[words[0]](s.observation.Keys())
	case "copy":
		copied, err := Decode(s.profile.Encode(), DefaultLimits())
		require.NoError(s.t, err)
		require.Equal(s.t, s.profile.Encode(), copied.Encode())
		s.profile = copied
	default:
		s.t.Fatalf("there is no command %q", words[0])
	}
	return ""
}

// event makes an event of words, and returns how often and how far apart it is wanted.
func (s *stage) event(words []string) (e behaviour.Event, times int, every time.Duration, learned bool) {
	s.t.Helper()
	action, ok := behaviour.ParseAction(words[1])
	require.True(s.t, ok, words[1])
	e = behaviour.Event{
		Workload: "shop/web", Version: "v1", Instance: "a", Time: s.now, Process: behaviour.ProcessKey{PID: 7},
		Executable: strings.TrimPrefix(words[0], "?"), Action: action,
	}
	times, learned = 1, true
	for _, option := range words[3:] {
		name, value, _ := strings.Cut(option, "=")
		var err error
		switch name {
		case "on":
			e.Instance = value
		case "version":
			e.Version = value
		case "args":
			e.Arguments = strings.Split(value, ",")
		case "every":
			every, err = time.ParseDuration(value)
		case "unlearned":
			learned = false
		default:
			times, err = strconv.Atoi(strings.TrimPrefix(option, "x"))
		}
		require.NoError(s.t, err, option)
	}
	return e, times, every, learned
}

// object fills in what an event is about.
func object(t *testing.T, e *behaviour.Event, text string) {
	t.Helper()
	switch e.Action {
	case behaviour.Connect:
		far, err := netip.ParseAddrPort(text)
		require.NoError(t, err)
		e.Address, e.Port = far.Addr(), far.Port()
	case behaviour.Privilege, behaviour.Resolve:
		e.Detail = text
	case behaviour.Exec:
		e.Path, e.ParentExecutable, e.Executable = text, e.Executable, text
	default:
		e.Path = text
	}
}

// do sends events, and tells how the last one was judged.
func (s *stage) do(words []string) string {
	e, times, every, learned := s.event(words)
	var j Judgement
	filled := e
	for i := range times {
		if i > 0 {
			s.now = s.now.Add(every)
		}
		filled = e
		filled.Time = s.now
		s.serial++
		object(s.t, &filled, strings.ReplaceAll(words[2], "#", letters(s.serial)))
		require.NoError(s.t, filled.Validate())
		s.observation.From(s.generaliser, &filled)
		s.profile.Begin(s.observation, filled.Time)
		j = s.profile.Judge(s.observation)
		if learned {
			s.profile.Learn(s.observation)
		}
	}
	news := ""
	if j.New {
		news = ", news of a version"
	}
	if j.Bits == 0 {
		return fmt.Sprintf("normal, %s%s", j.State, news)
	}
	return fmt.Sprintf("%.1f bits, %s%s: %s", j.Bits, j.State, news, Explain(&filled, s.observation, j))
}

// letters writes a number so that nothing is generalised in it.
func letters(n int) string {
	text := "z"
	for ; n > 0; n /= 20 {
		text += string("bcdfghjklmnpqrstvwxz"[n%20])
	}
	return text
}
