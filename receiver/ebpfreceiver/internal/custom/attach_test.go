// SPDX-License-Identifier: Apache-2.0

//go:build linux

package custom

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Indices of packets in testdata/network.bpf.c.
const (
	atXDP = iota
	atIngress
	atEgress
	atCgroup
	atConnect
	atCreate
)

// Indices of runs in testdata/probes.bpf.c.
const (
	atFunction = iota
	atReturn
	atProbe
	atKprobe
	atFentry
)

// exitStatus runs a program and returns how it ended.
func exitStatus(t *testing.T, program string) int {
	t.Helper()
	err := exec.Command(program).Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	require.NoError(t, err)
	return 0
}

// Every kernel that has probes runs them; on others it is said what is missing.
func TestProbes_functionsAndUSDT(t *testing.T) {
	path := writeProbed(t)
	require.Equal(t, 0, exitStatus(t, path), "nobody looks, so the semaphore is zero")
	m := probesManifest(path)
	if missing(uprobeFile) {
		for i := range m.Programs {
			m.Programs[i].Optional = true
		}
	}
	live := loaded(t, "probes-"+runtime.GOARCH, m, DefaultLimits())
	err := live.Attach()
	if missing(uprobeFile) && missing(kprobeFile) {
		require.ErrorIs(t, err, ErrNoUprobes)
		require.ErrorIs(t, err, ErrNoKprobes)
		return
	}
	require.NoError(t, err)
	state := live.State()
	if missing(uprobeFile) {
		assert.Contains(t, reasonFor(state, "usdt/meerkat:reached"), ErrNoUprobes.Error())
	} else {
		assert.Equal(t, 1, exitStatus(t, path), "a semaphore counts who looks")
		assert.Equal(t, uint64(1), valueAt(t, live.Map("runs"), atFunction))
		assert.Equal(t, uint64(1), valueAt(t, live.Map("runs"), atReturn))
		assert.Equal(t, uint64(1), valueAt(t, live.Map("runs"), atProbe))
		for index, want := range []int64{-9, 77, -7, 3} {
			assert.Equal(t, want, int64(valueAt(t, live.Map("arguments"), uint32(index))), "argument %d", index)
		}
	}
	checkKernelProbe(t, live, "kprobe/do_exit", atKprobe, ErrNoKprobes)
	checkKernelProbe(t, live, "fentry/do_exit", atFentry, ErrNoFentry)
	require.NoError(t, live.Detach())
	assert.Equal(t, 0, exitStatus(t, path))
}

// checkKernelProbe wants a probe to have run, or the reason why it can't.
func checkKernelProbe(t *testing.T, live *Live, section string, index uint32, reason error) {
	t.Helper()
	if why := reasonFor(live.State(), section); why != "" {
		assert.Contains(t, why, reason.Error())
		assert.Equal(t, StatusDegraded, live.State().Status)
		return
	}
	require.NoError(t, exec.Command("/bin/true").Run())
	assert.NotZero(t, valueAt(t, live.Map("runs"), index))
}

func TestProbes_missingInTheBinary(t *testing.T) {
	live := loaded(t, "probes-"+runtime.GOARCH, probesManifest("/proc/self/exe"), DefaultLimits())
	err := live.Attach()
	require.ErrorContains(t, err, `program "at_probe", section "usdt/meerkat:reached": `)
	require.ErrorContains(t, err, `the binary /proc/self/exe has no probe "meerkat:reached"; it has none`)
	require.ErrorContains(t, err, `the binary /proc/self/exe has no function "called", or is stripped of its symbols: name another function`)
	live = loaded(t, "probes-"+runtime.GOARCH, probesManifest("/no/such/file"), DefaultLimits())
	require.ErrorContains(t, live.Attach(), "no such file or directory")
}

// The test has a network of its own, on a thread that ends with it.
func TestNetwork_interfaces(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if !assert.NoError(t, unix.Unshare(unix.CLONE_NEWNET)) {
			return
		}
		for _, arguments := range [][]string{
			{"link", "add", "near", "type", "veth", "peer", "name", "far"}, {"link", "set", "near", "up"}, {"link", "set", "far", "up"},
		} {
			output, err := exec.Command("ip", arguments...).CombinedOutput()
			if !assert.NoError(t, err, "%s", output) {
				return
			}
		}
		seeInterfaces(t) //nolint:testifylint // It asserts only, and does not end the goroutine.
	}()
	<-done
}

func seeInterfaces(t *testing.T) {
	t.Helper()
	m := networkManifest("near", "")
	for i := range m.Programs {
		m.Programs[i].Optional = m.Programs[i].Name == "at_ingress" || m.Programs[i].Name == "at_egress"
	}
	live := loaded(t, "network", m, wide())
	if !assert.NoError(t, live.Attach()) {
		return
	}
	const frames = 5
	for range frames {
		assert.NoError(t, sendFrame("far"))
		assert.NoError(t, sendFrame("near"))
	}
	packets := live.Map("packets")
	assert.Eventually(t, func() bool { return valueAt(t, packets, atXDP) >= frames }, patience, often)
	if why := reasonFor(live.State(), "tcx/ingress"); why != "" {
		assert.Contains(t, why, ErrNoTCX.Error())
		assert.Contains(t, reasonFor(live.State(), "tc/egress"), ErrNoTCX.Error())
	} else {
		assert.Eventually(t, func() bool {
			return valueAt(t, packets, atIngress) >= frames && valueAt(t, packets, atEgress) >= frames
		}, patience, often)
	}
	m = networkManifest("nowhere", "")
	live = loaded(t, "network", m, wide())
	assert.ErrorContains(t, live.Attach(), `there is no network interface "nowhere" in the network namespace of the collector`)
}

// sendFrame sends an Ethernet frame of a type that is for experiments.
func sendFrame(device string) error {
	found, err := net.InterfaceByName(device)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	frame := make([]byte, 64)
	copy(frame, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5})
	return unix.Sendto(socket, frame, 0, &unix.SockaddrLinklayer{Ifindex: found.Index})
}

// dial is a role: it sends a datagram to this host.
func dial() error {
	connection, err := net.Dial("udp4", "127.0.0.1:9")
	if err != nil {
		return err
	}
	_, err = connection.Write([]byte("discard"))
	return errors.Join(err, connection.Close())
}

func TestNetwork_cgroup(t *testing.T) {
	root, err := cgroupRoot()
	if errors.Is(err, ErrNoCgroup2) {
		live := loaded(t, "network", networkManifest("lo", ""), wide())
		require.ErrorIs(t, live.Attach(), ErrNoCgroup2)
		return
	}
	require.NoError(t, err)
	folder, err := os.MkdirTemp(root, "meerkat-custom-") //nolint:usetesting // It is a cgroup.
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.Remove(folder)) })
	m := networkManifest("lo", "/"+filepath.Base(folder))
	for i := range m.Programs {
		m.Programs[i].Optional = m.Programs[i].Interface != ""
	}
	// Those on interfaces would see what others do on this host.
	m.Programs[0].Interface, m.Programs[1].Interface, m.Programs[2].Interface = "nowhere", "nowhere", "nowhere"
	live := loaded(t, "network", m, wide())
	require.NoError(t, live.Attach())
	assert.Equal(t, StatusDegraded, live.State().Status)

	cgroup, err := os.Open(folder)
	require.NoError(t, err)
	defer cgroup.Close()
	send := func() {
		child := exec.Command("/proc/self/exe")
		child.Env = []string{roleVariable + "=dial"}
		child.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
		require.NoError(t, child.Run())
	}
	send()
	packets := live.Map("packets")
	assert.Equal(t, uint64(1), valueAt(t, packets, atConnect))
	assert.Equal(t, uint64(1), valueAt(t, packets, atCgroup))
	created := valueAt(t, packets, atCreate)
	assert.NotZero(t, created)
	require.NoError(t, live.Detach())
	send()
	assert.Equal(t, uint64(1), valueAt(t, packets, atConnect), "nothing is seen any more")
	assert.Equal(t, created, valueAt(t, packets, atCreate))
}
