// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gateway

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/require"
)

// BenchmarkGateway tells what an event takes on its way: bytes from the agent to gateways, as they are on the wire with all that TLS, TCP and IP
// add, and processor time of agent and gateways.
func BenchmarkGateway(b *testing.B) {
	f := newFleet(b)
	f.startAgent(0)
	f.startAgent(1) // so that gateways have more than one
	f.workOn(0, 10)
	f.requireAllArrived(b)
	sentBefore, agentBefore, gatewaysBefore := f.sentBytes(agent0), seconds(b, f.agents[0]), f.gatewaySeconds()
	before := f.backEnd.distinct()
	b.ResetTimer()
	f.workOn(0, b.N)
	f.requireAllArrived(b)
	b.StopTimer()
	events := float64(f.backEnd.distinct() - before)
	b.ReportMetric(float64(f.sentBytes(agent0)-sentBefore)/events, "bytes-sent/event")
	b.ReportMetric((seconds(b, f.agents[0])-agentBefore)*1e6/events, "agent-µs/event")
	b.ReportMetric((f.gatewaySeconds()-gatewaysBefore)*1e6/events, "gateways-µs/event")
}

// sentBytes is what somebody has sent into the network.
func (f *fleet) sentBytes(name string) int {
	f.t.Helper()
	output, err := exec.Command("ip", "netns", "exec", namespaceOf(name), "cat", "/sys/class/net/eth0/statistics/tx_bytes").Output()
	require.NoError(f.t, err)
	bytes, err := strconv.Atoi(strings.TrimSpace(string(output)))
	require.NoError(f.t, err)
	return bytes
}

func (f *fleet) gatewaySeconds() (sum float64) {
	for _, gateway := range f.gateways {
		sum += seconds(f.t, gateway)
	}
	return sum
}

// seconds is the processor time that a collector has taken.
func seconds(t testing.TB, c *collector) float64 {
	t.Helper()
	process, err := procfs.NewProc(c.Command.Process.Pid)
	require.NoError(t, err)
	stat, err := process.Stat()
	require.NoError(t, err)
	return stat.CPUTime()
}
