// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// steps returns the objects of the steps that were told of an incident last.
func (w *world) steps(id string) []string {
	var objects []string
	for _, record := range w.told() {
		if textOf(record, names.IncidentID) != id {
			continue
		}
		objects = nil
		list, _ := record.Attributes().Get(names.IncidentSteps)
		for _, step := range list.Slice().All() {
			object, _ := step.Map().Get(names.StepObject)
			objects = append(objects, object.Str())
		}
	}
	return objects
}

func TestHard_attack(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	w.now = w.now.Add(time.Minute)
	w.happens(web, webShell(200)...)
	w.ends()
	require.Len(t, w.ids(), 1)
	assert.Len(t, w.steps(w.ids()[0]), len(webShell(200)))
}

// Of an attack that has begun before anything is known, what is sensitive in more than one way is an incident, and none of it is learned.
func TestHard_learningStartsInAnAttack(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	w.happens(web, ordinaryTimes()...)
	for n := range 20 {
		w.now = w.now.Add(time.Minute)
		w.happens(web, webShell(int64(1000+10*n))...)
		w.happens(web, ordinaryTimes()...)
	}
	assert.Len(t, w.ids(), 1, "it is told of while everything is learned")
	assert.Equal(t, profile.Learning, w.state(web), "as long as it goes on, learning is not over")
	w.learns(web, ordinaryTimes)
	w.now = w.now.Add(24 * time.Hour)
	before := len(w.told())
	w.happens(web, webShell(5000)...)
	w.ends()
	assert.Greater(t, len(w.told()), before, "it was not learned")
}

// A CI builder never does the same twice: other names of files, other programs below other folders. It is judged by what there is, and that is
// no incident; an attack is.
func TestHard_neverRepeats(t *testing.T) {
	config := quick()
	config.Learning.TimeMax = 6 * time.Hour // it never comes to rest
	w := newWorld(t, config)
	build, random := deployment("build"), rand.New(rand.NewPCG(1, 2))
	runner := &program{pid: 100, path: "/usr/bin/runner"}
	pid := int64(1000)
	job := func() []happening {
		folder := fmt.Sprintf("/build/%08x/src", random.Uint32())
		var all []happening
		for range 5 {
			pid += 2
			tool := []string{"/usr/bin/gcc", "/usr/bin/make", "/usr/bin/ld", "/usr/bin/go", "/usr/bin/git"}[random.IntN(5)]
			made := runner.starts(pid, tool)
			name := fmt.Sprintf("%s/%x/%x.o", folder, random.Uint32()%64, random.Uint32())
			all = append(all, executes(made, tool, "-o", name), creates(made, name))
		}
		// What was built is executed, as a test is.
		test := runner.starts(pid+1, fmt.Sprintf("%s/test-%x", folder, random.Uint32()))
		return append(all, creates(runner, test.path), executes(test, test.path, "-run", fmt.Sprintf("Test%x", random.Uint32())))
	}
	w.learns(build, job)
	for range 1000 {
		w.now = w.now.Add(time.Minute)
		w.happens(build, job()...)
	}
	assert.Empty(t, w.ids())
	thief := runner.starts(pid+1, "/bin/sh")
	w.happens(build, executes(thief, "sh", "-c", "cat"), reads(thief, "/root/.ssh/id_rsa"), connects(thief, "203.0.113.9", 443))
	w.ends()
	assert.Len(t, w.ids(), 1)
}

// A workload that does one thing for ever is an incident as soon as it does another.
func TestHard_neverChanges(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	same := func() []happening { return []happening{connects(server, "203.0.113.5", 5432)} }
	w.learns(web, same)
	for range 2000 {
		w.now = w.now.Add(time.Minute)
		w.happens(web, same()...)
	}
	assert.Empty(t, w.ids())
	w.happens(web, webShell(200)...)
	w.ends()
	assert.Len(t, w.ids(), 1)
}

// One event from the future does not end an incident in which an attack goes on, and nor does one from the past.
func TestHard_clockJumps(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, 30 * 24 * time.Hour, -2 * time.Hour, -30 * 24 * time.Hour} {
		w := newWorld(t, quick())
		web := deployment("web")
		w.learns(web, ordinaryTimes)
		attack := webShell(200)
		w.happens(web, attack[:2]...)
		w.happens(web, ordinaryTimes()[0].at(jump))
		w.core.upkeep(t.Context())
		w.happens(web, attack[2:]...)
		w.ends()
		require.Len(t, w.ids(), 1, jump)
		assert.Len(t, w.steps(w.ids()[0]), len(attack), jump)
	}
}

// Whatever the order of the events, and however often each comes, it is one incident of the same steps.
func TestHard_outOfOrderAndTwice(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		w := newWorld(t, quick())
		web := deployment("web")
		w.learns(web, ordinaryTimes)
		attack := webShell(200)
		expected := len(attack)
		attack = append(attack, attack...)
		random.Shuffle(len(attack), func(a, b int) { attack[a], attack[b] = attack[b], attack[a] })
		w.happens(web, attack...)
		w.ends()
		if ids := w.ids(); assert.Len(t, ids, 1) {
			assert.Len(t, w.steps(ids[0]), expected)
		}
	}
}

// Of a stream from which every second event is missing, nothing ordinary is an incident, and hardly an attack is lost.
func TestHard_halfIsMissing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	missing := func(all []happening) []happening {
		return slices.DeleteFunc(all, func(happening) bool { return random.IntN(2) == 0 })
	}
	found := 0
	const attacks = 40
	for n := range int64(attacks) {
		w := newWorld(t, quick())
		web := deployment("web")
		w.learns(web, ordinaryTimes)
		for range 100 {
			w.now = w.now.Add(time.Minute)
			w.happens(web, missing(ordinaryTimes())...)
		}
		require.Empty(t, w.ids())
		w.happens(web, missing(webShell(200+10*n))...)
		w.ends()
		found += min(len(w.ids()), 1)
	}
	assert.Greater(t, found, attacks*3/4)
}

// A tree of processes that is 10,000 deep takes no more than its bounds, and an attack below it is found.
func TestHard_deepTree(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	below := server
	for n := range int64(10_000) {
		below = below.starts(1000+n, "/usr/bin/convert")
		w.happens(web, executes(below, "convert", "-resize", "100x100"))
	}
	require.LessOrEqual(t, len(w.ids()), 1)
	shell := below.starts(20_000, "/bin/sh")
	w.happens(web, executes(shell, "sh", "-c", "id"), reads(shell, "/etc/shadow"))
	w.ends()
	require.Len(t, w.ids(), 1)
	assert.Subset(t, w.steps(w.ids()[0]), []string{"/bin/sh", "/etc/shadow"})
}

// A process that makes files with names of its own all the time can neither have what is normal forgotten nor keep another's attack from being
// told.
func TestHard_floodOfNames(t *testing.T) {
	config := quick()
	config.Limits.ProfileBytesMax = 16 << 10
	w := newWorld(t, config)
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	random := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		w.now = w.now.Add(time.Second)
		var all []happening
		for range 100 {
			all = append(all, creates(server, fmt.Sprintf("/data/%x/%x/%x", random.Uint64(), random.Uint64(), random.Uint64())))
		}
		w.happens(web, append(all, ordinaryTimes()...)...)
	}
	assert.LessOrEqual(t, w.core.profiles.Stats().Bytes, int64(16<<10))
	flood := len(w.ids())
	assert.LessOrEqual(t, flood, 1, "a flood is one story at most")
	w.happens(web, webShell(50_000)...)
	w.core.upkeep(t.Context())
	w.ends()
	found := slices.ContainsFunc(w.ids(), func(id string) bool { return slices.Contains(w.steps(id), "/etc/shadow") })
	assert.True(t, found, "the attack is hidden by the flood")
}

// Somebody who knows how events are linked makes one incident that touches everything: files that others read, and programs that others start.
// What others do is not drawn into it, and a second attack is another incident.
func TestHard_swallowsEverything(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	attack := webShell(200)
	shell := attack[0].by
	for _, path := range []string{"/srv/www/index.html", "/usr/bin/convert", "/etc/resolv.conf", "/lib/libc.so"} {
		attack = append(attack, creates(shell, path).at(5*time.Second))
	}
	w.happens(web, attack...)
	cron := &program{pid: 300, path: "/usr/sbin/cron"}
	other := cron.starts(301, "/bin/bash")
	for range 10 {
		w.now = w.now.Add(30 * time.Second)
		w.happens(web, ordinaryTimes()...)
	}
	w.happens(web, executes(other, "bash", "-c", "wget"), reads(other, "/root/.ssh/id_rsa"), connects(other, "198.51.100.7", 4444))
	w.ends()
	require.Len(t, w.ids(), 2)
	assert.NotContains(t, w.steps(w.ids()[0]), "/root/.ssh/id_rsa")
	assert.NotContains(t, w.steps(w.ids()[0]), "/usr/sbin/nginx")
}

// Profiles are reset while events flow: nothing breaks, and incidents that were open are closed.
func TestHard_resetWhileEventsFlow(t *testing.T) {
	w := newWorld(t, quick())
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	batches := make(chan plog.Logs)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for batch := range batches {
			assert.NoError(t, w.pipelines[0].ConsumeLogs(t.Context(), batch))
		}
	}()
	for n := range int64(200) {
		batches <- w.batch(web, append(ordinaryTimes(), webShell(200+10*n)...)...)
		if n%10 == 0 {
			w.core.profiles.Reset("shop/deployment/web/app")
		}
	}
	close(batches)
	<-done
	w.ends()
	opened, closed := map[string]bool{}, map[string]bool{}
	for _, record := range w.told() {
		opened[textOf(record, names.IncidentID)] = true
		if textOf(record, names.IncidentState) == "closed" {
			closed[textOf(record, names.IncidentID)] = true
		}
	}
	assert.NotEmpty(t, closed)
	assert.GreaterOrEqual(t, len(opened), len(closed))
}
