// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package gateway runs examples/gateway as it stands: two agents, two gateways and a back end in network namespaces, with what goes wrong
// between them. It compares what was done with what arrived and what was counted. It tests no component by itself.
package gateway

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// agentSettings make an agent watch one program alone, so that each agent is a host of its own though both have one kernel.
func agentSettings(executables ...string) string {
	off := make([]string, 0, 12)
	for _, tracer := range []string{"file", "tcp", "udp", "dns", "socket", "signal", "oom", "crash", "privilege", "mount", "injection"} {
		off = append(off, tracer+": {enabled: false}")
	}
	return fmt.Sprintf("{receivers: {ebpf: {tracers: {%s}, filters: {include: {executables: [%s]}, events_per_second_max: 0}}}}",
		strings.Join(off, ", "), strings.Join(executables, ", "))
}

// program makes a program that is nobody else's.
func program(t testing.TB, folder string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o755))
	path := filepath.Join(folder, "busybox-work") // it does what its first argument says if its name begins like this
	output, err := exec.Command("cp", "/bin/busybox", path).CombinedOutput()
	require.NoError(t, err, string(output))
	return path
}

// fleet is the whole example.
type fleet struct {
	place
	backEnd  *backEndServer
	gateways map[string]*collector
	agents   [2]*collector
	// programs are what the agents watch, and done the marks of what those executed.
	programs [2]string
	settings [2]string
	done     [2][]string
	// before is how much of done each agent has seen in an earlier life.
	before [2]int
}

func newFleet(t testing.TB) *fleet {
	t.Helper()
	newNetwork(t)
	f := &fleet{place: newPlace(t), backEnd: startBackEnd(t), gateways: map[string]*collector{}}
	for _, name := range []string{gateway0, gateway1} {
		f.startGateway(name)
	}
	for i := range f.agents {
		f.programs[i] = program(t, filepath.Join(f.folder, fmt.Sprint("programs-", i)))
		f.settings[i] = agentSettings(f.programs[i])
	}
	return f
}

func (f *fleet) startGateway(name string) {
	f.t.Helper()
	f.gateways[name] = f.start(name, "gateway.yaml", "{}")
}

func (f *fleet) startAgent(i int) {
	f.t.Helper()
	f.agents[i] = f.start(agentNames()[i], "agent.yaml", f.settings[i])
	f.before[i] = len(f.done[i])
}

func agentNames() [2]string { return [2]string{agent0, agent1} }

func (f *fleet) workOn(i, n int) {
	f.t.Helper()
	f.done[i] = append(f.done[i], f.work(f.programs[i], n)...)
}

func (f *fleet) workOnBoth(n int) {
	f.t.Helper()
	f.workOn(0, n)
	f.workOn(1, n)
}

// workFor does a little on both agents' hosts, over and over, for a while.
func (f *fleet) workFor(long time.Duration) {
	f.t.Helper()
	turn := time.NewTicker(pollEvery)
	defer turn.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-turn.C {
		f.workOnBoth(2)
	}
}

func (f *fleet) requireAllArrived(t testing.TB) {
	t.Helper()
	for i, marks := range f.done {
		require.Eventually(t, func() bool { return f.backEnd.arrived(marks) == len(marks) }, patience, pollEvery,
			"of what agent %d saw is missing; it printed:\n%s", i, f.agents[i].Printed)
	}
}

// waiting is how many events an agent keeps.
func waiting(agent *collector) int {
	return agent.count("otelcol_exporter_queue_size", map[string]string{"exporter": "otlp_grpc/any", "data_type": "logs"})
}

// executions is how many an agent has counted since it started.
func executions(agent *collector) (delivered, lost int) {
	delivered = agent.count("otelcol_ebpf_events", map[string]string{"tracer": "process", "event": "exec", "outcome": "delivered"})
	return delivered, agent.count("otelcol_ebpf_events_lost", map[string]string{"tracer": "process", "event": "exec"})
}

// requireKept waits until an agent has put all that it saw into its queue, from which nobody takes.
func (f *fleet) requireKept(t *testing.T, i int) {
	t.Helper()
	const atLeast = 100
	require.Eventually(t, func() bool {
		delivered, _ := executions(f.agents[i])
		return delivered == len(f.done[i])-f.before[i] && waiting(f.agents[i]) >= atLeast
	}, patience, pollEvery, "agent %d does not keep %d events", i, atLeast)
}

// requireEqual holds what was done since an agent started against what it counted, and that against what arrived.
func (f *fleet) requireEqual(t *testing.T, i int) (lost int) {
	t.Helper()
	done := f.done[i][f.before[i]:]
	delivered := 0
	assert.Eventually(t, func() bool {
		delivered, lost = executions(f.agents[i])
		return delivered+lost == len(done) && f.backEnd.arrived(done) == delivered
	}, patience, pollEvery, "what was done, counted and has arrived differs")
	t.Logf("agent %d: %d executed = %d delivered + %d lost; %d arrived", i, len(done), delivered, lost, f.backEnd.arrived(done))
	return lost
}

func TestGateway(t *testing.T) {
	f := newFleet(t)
	f.startAgent(0)
	f.startAgent(1)
	for _, part := range []struct {
		name string
		test func(*testing.T, *fleet)
	}{
		{"both gateways", bothGateways}, {"a gateway is killed", gatewayIsKilled}, {"agents are cut off", agentsAreCutOff},
		{"the back end is slow", backEndIsSlow},
		{"more than the queue", moreThanTheQueue}, {"incidents", incidents}, {"no certificate", noCertificate},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, f) }) {
			return
		}
	}
	t.Logf("%d of %d records came more than once", f.backEnd.twice(), f.backEnd.distinct())
}
