// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// lookUpInOwnNetwork is a role in namespaces of its own: it is the name server of its network, at the usual
// port, and runs programs that ask it. Its argument is a folder that it may write to.
func lookUpInOwnNetwork(folder string) error {
	// The C library looks no addresses up on a machine that has none but that of loopback.
	for _, arguments := range [][]string{{"link", "set", "lo", "up"}, {"address", "add", "192.0.2.1/32", "dev", "lo"}} {
		if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", arguments, err, output)
		}
	}
	for file, content := range map[string]string{
		"/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n", "/etc/nsswitch.conf": "hosts: dns\n",
	} {
		own := filepath.Join(folder, filepath.Base(file))
		if err := errors.Join(os.WriteFile(own, []byte(content), 0o600), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
			unix.Mount(own, file, "", unix.MS_BIND, "")); err != nil {
			return err
		}
	}
	server, err := startNameServer("127.0.0.1:53")
	if err != nil {
		return err
	}
	defer server.close()
	for _, command := range []string{
		"getent ahostsv4 web.example", "getent ahostsv4 " + nameAbsent + "example", "getent ahostsv4 " + nameSilent + "example",
		"getent ahostsv4 " + nameTruncated + "example", busybox + " nslookup -type=aaaa box.example",
	} {
		fields := strings.Fields(command)
		output, err := exec.Command(fields[0], fields[1:]...).CombinedOutput()
		fmt.Printf("%s: %v\n%s", command, err, output)
	}
	return nil
}

// The C library asks twice and falls back to TCP; busybox has a resolver of its own.
func TestDNS_resolversOfOthers(t *testing.T) {
	l := startLive(t, only("dns"))
	command := inRole("look_up", t.TempDir())
	command.Env = append(command.Env, "PATH="+os.Getenv("PATH"))
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS}
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	printed := string(output)
	require.Equal(t, 2, strings.Count(printed, " STREAM "), "two names are found: %s", printed)
	require.Contains(t, printed, serverAnswer6.String(), printed)

	of := func(program, name, transport string) record {
		return l.one(names.EventDNSLookup, func(r record) bool {
			return r.str(names.ProcessExecutableName) == program && r.str(names.DNSQuestionName) == name &&
				r.str(names.NetworkTransport) == transport && r.num(names.ProcessParentPID) == int64(command.Process.Pid)
		})
	}
	web := of("getent", "web.example", "udp")
	assert.Equal(t, []string{serverAnswer4.String()}, web.strs(names.DNSAnswers))
	assert.Equal(t, "A", web.str(names.DNSQuestionType))
	assert.EqualValues(t, 53, web.num(names.ServerPort))
	assert.Equal(t, "127.0.0.1", web.str(names.ServerAddress))
	assert.Equal(t, "NXDOMAIN", of("getent", nameAbsent+"example", "udp").str(names.ErrorType))
	assert.Equal(t, "true", of("getent", nameTruncated+"example", "udp").str(names.DNSTruncated))
	assert.Equal(t, []string{serverAnswer4.String()}, of("getent", nameTruncated+"example", "tcp").strs(names.DNSAnswers))
	silent := of("getent", nameSilent+"example", "udp")
	assert.Equal(t, "timeout", silent.str(names.ErrorType))
	assert.EqualValues(t, 1, silent.num(names.DNSRetries))
	box := of("busybox", "box.example", "udp")
	assert.Equal(t, "AAAA", box.str(names.DNSQuestionType))
	assert.Equal(t, []string{serverAnswer6.String()}, box.strs(names.DNSAnswers))
}

func TestContainer_lookupsAndFlows(t *testing.T) {
	c := startContainerd(t)
	server, err := startNameServer("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(server.close)
	l := startLive(t, func(config *Config) {
		config.MetricsInterval = metricsIntervalMin
		config.Tracers.DNS.Ports = []uint16{server.port()}
	})
	listener, err := net.Listen("tcp4", net.JoinHostPort(serverAnswer4.String(), "0"))
	require.NoError(t, err)
	port := portOf(listener.Addr())
	require.NoError(t, listener.Close())
	id := containerID(300)
	printed := c.run(id, fmt.Sprintf("/bin/busybox cat /proc/self/cgroup; /bin/busybox nslookup -type=a web.example 127.0.0.1:%d; "+
		"/bin/busybox wget -q http://%s:%d/; exit 0", server.port(), serverAnswer4, port))
	require.Contains(t, printed, serverAnswer4.String())
	mine := inContainer(id)
	lookup := l.one(names.EventDNSLookup, mine)
	l.assertContainer(lookup, id, printed)
	assert.Equal(t, "web.example", lookup.str(names.DNSQuestionName))
	assert.Equal(t, []string{serverAnswer4.String()}, lookup.strs(names.DNSAnswers))
	assert.Equal(t, "busybox", lookup.str(names.ProcessExecutableName))
	start := l.one(names.EventUDPStart, mine)
	l.assertContainer(start, id, printed)
	assert.EqualValues(t, server.port(), start.num(names.ServerPort))
	assert.Equal(t, lookup.num(names.ProcessPID), start.num(names.ProcessPID))
	flow := l.one(names.EventUDPFlow, mine)
	assert.Equal(t, "closed", flow.str(names.UDPFlowState))
	assert.Equal(t, [2]int64{1, 1}, [2]int64{flow.num(names.UDPPacketsSent), flow.num(names.UDPPacketsReceived)})
	connect := l.one(names.EventTCPConnect, mine)
	assert.Equal(t, "web.example", connect.str(names.PeerDNSName), "another process of the same workload looked it up")
	require.Eventually(t, func() bool { return l.countsOf(names.ContainerID, id)[names.MetricDNSQueries] == 1 }, patience, 50*time.Millisecond)
	assert.EqualValues(t, 1, l.countsOf(names.ContainerID, id)[names.MetricDNSAnswers])
	assert.EqualValues(t, 1, l.countsOf(names.ContainerID, id)[names.MetricUDPFlows])
	// The same address has no name for those who have not looked it up.
	_, err = net.Dial("tcp4", net.JoinHostPort(serverAnswer4.String(), fmt.Sprint(port)))
	require.ErrorIs(t, err, unix.ECONNREFUSED)
	ours := l.one(names.EventTCPConnect, func(r record) bool { return byPID(os.Getpid())(r) && r.num(names.ServerPort) == port })
	assert.False(t, ours.has(names.PeerDNSName))
}
