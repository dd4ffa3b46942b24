// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/habit"
)

// everyTracer are all that policies depend on.
func everyTracer() habit.Tracers {
	var all habit.Tracers
	for _, name := range habit.TracerNames() {
		all |= habit.TracerOf(name)
	}
	return all
}

func known(habits ...habit.Habit) *Facts {
	f := &Facts{
		Workload: "shop/deployment/web/app", Events: 123456, Observed: 60 * time.Hour, Replicas: 3, Others: 2,
		Tracers: everyTracer(), Capabilities: givenByRuntimes(),
	}
	for _, h := range habits {
		f.Habits = append(f.Habits, habit.Seen{Habit: h, Count: 9, Times: 4})
	}
	return f
}

func capability(name string) habit.Habit { return habit.Habit{Kind: habit.Capability, Name: name} }

func operation(name string) habit.Habit { return habit.Habit{Kind: habit.Operation, Name: name} }

func label(key, value string) habit.Habit {
	return habit.Habit{Kind: habit.Label, Name: key, Value: value}
}

func connect(transport string, port uint16, kind, namespace, name string) habit.Habit {
	return habit.Habit{Kind: habit.Connect, Transport: transport, Port: port, Peer: habit.Peer{Kind: kind, Namespace: namespace, Name: name}}
}

func outside(kind habit.Kind, port uint16, network string) habit.Habit {
	return habit.Habit{Kind: kind, Transport: "tcp", Port: port, Network: netip.MustParsePrefix(network)}
}

// Nothing is made of what is not known well, unless somebody wants it nevertheless; then it says so.
func TestReady(t *testing.T) {
	owner, err := OwnerOf("shop/deployment/web/app")
	require.NoError(t, err)
	around := Neighbourhood{owner: PodsOf(known(label("app", "web")).Habits)}
	for name, made := range map[string]func(*Facts, bool) ([]byte, error){
		"seccomp": Seccomp, "capabilities": Capabilities,
		"network": func(f *Facts, force bool) ([]byte, error) { return Network(f, owner, around, force) },
	} {
		f := known()
		f.Learning, f.LearningReason = true, "too few programs were started"
		_, err := made(f, false)
		require.ErrorIs(t, err, ErrLearning, name)
		require.ErrorContains(t, err, "too few programs were started")
		document, err := made(f, true)
		require.NoError(t, err)
		assert.Contains(t, string(document), "It is still being learned", name)

		f = known()
		f.Omitted = 4
		_, err = made(f, false)
		require.ErrorIs(t, err, ErrIncomplete, name)
		document, err = made(f, true)
		require.NoError(t, err)
		assert.Contains(t, string(document), "had no room in the profile, 4 times")
		document, err = made(known(), false)
		require.NoError(t, err)
		assert.Contains(t, string(document), "Based on 123456 events over 2.5 days of 3 replicas. It is known well.", name)
		assert.Contains(t, string(document), "2 things that were seen and are not normal", name)
	}
}

func TestCapabilities(t *testing.T) {
	f := known(capability("CAP_CHOWN"), capability("CAP_SYS_TIME"))
	document, err := Capabilities(f, false)
	require.NoError(t, err)
	assert.Contains(t, string(document), "securityContext:\n  capabilities:\n    drop:\n      - ALL\n    add:\n      - CHOWN\n      - SYS_TIME\n")

	document, err = Capabilities(known(), false)
	require.NoError(t, err)
	assert.NotContains(t, string(document), "add:")

	f.Capabilities = []string{"CAP_SYS_TIME", "CAP_KILL"}
	needed, unwatched := f.CapabilityList()
	assert.Len(t, unwatched, 13)
	assert.NotContains(t, needed, "CAP_KILL", "whose uses were watched, and there were none")
	assert.Subset(t, needed, []string{"CAP_CHOWN", "CAP_SYS_TIME", "CAP_NET_RAW"})
	f.Tracers = 0
	needed, _ = f.CapabilityList()
	assert.Contains(t, needed, "CAP_KILL", "nobody watched")

	f.Workload = "a\nsecurityContext: {privileged: true}\u2028# "
	document, err = Capabilities(f, false)
	require.NoError(t, err)
	assert.NotContains(t, string(document), "\nsecurityContext: {privileged", "names don't end a comment")
}
