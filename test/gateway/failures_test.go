// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func receivedBy(gateway *collector, receiver string) int {
	return gateway.count("otelcol_receiver_accepted_log_records", map[string]string{"receiver": receiver})
}

func (f *fleet) forgetPrinted() {
	for _, agent := range f.agents {
		agent.Printed.Forget()
	}
}

// requireTriedAgain waits until agents have given up an attempt. So long an outage is, for the mechanism, as long as one of an hour.
func (f *fleet) requireTriedAgain(t *testing.T) {
	t.Helper()
	for _, agent := range f.agents {
		require.Eventually(t, func() bool { return strings.Contains(agent.Printed.String(), "Exporting failed. Will retry") }, patience, pollEvery,
			"%s has not noticed", agent.name)
	}
}

// Agents take turns between gateways by requests, so that each has work, whichever agent it is from.
func bothGateways(t *testing.T, f *fleet) {
	t.Helper()
	require.Eventually(t, func() bool {
		f.workOnBoth(10)
		return receivedBy(f.gateways[gateway0], "otlp/any") > 0 && receivedBy(f.gateways[gateway1], "otlp/any") > 0
	}, patience, pollEvery, "a gateway gets nothing")
	f.requireAllArrived(t)
}

// A gateway keeps nothing that it has said to have, so it may end at any time.
func gatewayIsKilled(t *testing.T, f *fleet) {
	t.Helper()
	f.workOnBoth(50)
	_ = f.gateways[gateway1].End(syscall.SIGKILL)
	f.workOnBoth(50)
	f.requireAllArrived(t)
	f.startGateway(gateway1)
	f.workOnBoth(50)
	f.requireAllArrived(t)
}

// partition is how long agents are off the network: long enough for each of their attempts to fail more than once.
const partition = time.Minute

// What agents can't send waits with them, over their own restart too, however much is done meanwhile.
func agentsAreCutOff(t *testing.T, f *fleet) {
	t.Helper()
	earlier := [2]int{len(f.done[0]), len(f.done[1])}
	for _, name := range agentNames() {
		cutOff(t, name)
	}
	f.forgetPrinted()
	f.workFor(partition / 2)
	f.requireKept(t, 0)
	f.requireKept(t, 1)
	f.requireTriedAgain(t)
	_ = f.agents[1].End(syscall.SIGKILL)
	f.startAgent(1)
	f.workFor(partition / 2)
	f.requireKept(t, 0)
	for i, marks := range f.done {
		assert.Zero(t, f.backEnd.arrived(marks[earlier[i]:]), "agent %d is not cut off", i)
	}
	for _, name := range agentNames() {
		join(t, name)
	}
	f.requireAllArrived(t)
}

// What the back end does not take comes back to the agents.
func backEndIsSlow(t *testing.T, f *fleet) {
	t.Helper()
	f.backEnd.hold()
	f.forgetPrinted()
	f.workOnBoth(100)
	f.requireKept(t, 0)
	f.requireKept(t, 1)
	f.requireTriedAgain(t)
	f.backEnd.release()
	f.requireAllArrived(t)
	for i := range f.agents {
		assert.Zero(t, f.requireEqual(t, i))
	}
}

// What is more than the queue takes is counted, and all else arrives.
func moreThanTheQueue(t *testing.T, f *fleet) {
	t.Helper()
	_ = f.agents[0].End(syscall.SIGTERM)
	all := f.settings[0]
	const small = "{sending_queue: {queue_size: 300, batch: {min_size: 50, max_size: 100}}}"
	f.settings[0] = strings.TrimSuffix(all, "}") + ", exporters: {otlp_grpc/any: " + small + "}}"
	f.startAgent(0)
	f.backEnd.hold()
	f.workOn(0, 600)
	require.Eventually(t, func() bool {
		delivered, lost := executions(f.agents[0])
		return delivered+lost == len(f.done[0])-f.before[0]
	}, patience, pollEvery, "agent 0 is busy")
	f.backEnd.release()
	assert.Positive(t, f.requireEqual(t, 0))
	// The exporter counts each of the attempts of the receiver.
	assert.Positive(t, f.agents[0].count("otelcol_exporter_enqueue_failed_log_records", map[string]string{"exporter": "otlp_grpc/any"}))
	assert.Zero(t, f.agents[0].count("otelcol_exporter_send_failed_log_records", nil))
	// What is lost is in no later comparison.
	f.done[0] = nil
	_ = f.agents[0].End(syscall.SIGTERM)
	f.settings[0] = all
	f.startAgent(0)
}

// What is unusual goes to the one gateway that knows the fleet, with what it is about.
func incidents(t *testing.T, f *fleet) {
	t.Helper()
	folder := fmt.Sprintf("/dev/shm/meerkat-gateway-%d", os.Getpid())
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(folder)) })
	unusual := program(t, folder)
	_ = f.agents[1].End(syscall.SIGTERM)
	f.settings[1] = agentSettings(f.programs[1], unusual)
	f.startAgent(1)
	f.work(unusual, 1)
	require.Eventually(t, func() bool { return len(f.backEnd.incidentTexts()) > 0 }, patience, pollEvery, "no incident arrives; agent 1 printed:\n%s", f.agents[1].Printed)
	assert.Contains(t, f.backEnd.incidentTexts()[0], "/dev/shm/")
	assert.Positive(t, receivedBy(f.gateways[gateway0], "otlp/fleet"))
	assert.Zero(t, receivedBy(f.gateways[gateway1], "otlp/fleet"))
	assert.Positive(t, f.gateways[gateway0].count("otelcol_anomaly_fleet_incidents", nil))
}

// Who has no certificate of the authority sends nothing.
func noCertificate(t *testing.T, f *fleet) {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(f.certificate, "ca.crt"))
	require.NoError(t, err)
	settings := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "gateways", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS13}
	require.True(t, settings.RootCAs.AppendCertsFromPEM(authority))
	// The first that a gRPC server sends are its settings: a frame of type 4 (RFC 9113, 6.5). A refusal comes after the handshake, and
	// reaches only who waits for it.
	frame := func() ([]byte, error) {
		connection := tls.Client(dialAs(t, agent0, addresses()[gateway0]+":4317"), settings)
		defer func() { _ = connection.Close() }()
		_ = connection.SetDeadline(time.Now().Add(patience))
		header := make([]byte, 9)
		_, err := io.ReadFull(connection, header)
		return header, err
	}
	_, err = frame()
	assert.ErrorContains(t, err, "certificate required")

	certificate, err := tls.LoadX509KeyPair(filepath.Join(f.certificate, "agent.crt"), filepath.Join(f.certificate, "agent.key"))
	require.NoError(t, err)
	settings.Certificates = []tls.Certificate{certificate}
	header, err := frame()
	require.NoError(t, err)
	assert.EqualValues(t, 4, header[3])
}
