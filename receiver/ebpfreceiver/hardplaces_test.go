// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// outcome is what became of a receiver that was started in a hard place.
type outcome struct {
	// Error is that of Start.
	Error string
	// Status and Reason are what it reported, empty for nothing.
	Status, Reason string
	// Tracers are the states of those that run.
	Tracers map[string]tracer.Status
}

// hidden are places that can be hidden from the receiver, with what is left in their stead.
var hidden = map[string]map[string]string{
	"/sys/kernel/tracing":  {},
	"/sys/kernel/debug":    {},
	"/sys/kernel/btf":      {},
	"/sys/kernel/security": {"lockdown": "none integrity [confidentiality]\n"},
}

// startAndTell is a role: it starts a receiver with default settings and prints the outcome. Arguments
// name the places to hide first; "ignore" is the error mode.
func startAndTell(arguments []string) error {
	config := createDefaultConfig().(*Config)
	for _, argument := range arguments {
		if argument == "ignore" {
			config.ErrorMode = ErrorModeIgnore
			continue
		}
		if err := hide(argument); err != nil {
			return err
		}
	}
	ctx, host := context.Background(), &statusHost{Host: componenttest.NewNopHost()}
	settings := receivertest.NewNopSettings(component.MustNewType(componentType))
	logs, err := NewFactory().CreateLogs(ctx, settings, config, consumertest.NewNop())
	if err != nil {
		return err
	}
	told := outcome{Tracers: map[string]tracer.Status{}}
	if err := logs.Start(ctx, host); err != nil {
		told.Error = err.Error()
	}
	if last := host.last(); last != nil {
		told.Status, told.Reason = last.Status().String(), last.Err().Error()
	}
	if s := logs.(interface{ Unwrap() *ebpfReceiver }).Unwrap().session; s != nil {
		for _, st := range s.tracers.running() {
			told.Tracers[st.tracer.Name()] = st.tracer.State().Status
		}
	}
	return errors.Join(json.NewEncoder(os.Stdout).Encode(told), logs.Shutdown(ctx))
}

// hide mounts an empty file system over a place, in the mount namespace of this process. What is not
// there, as in a kernel without type information, needs no hiding.
func hide(place string) error {
	if place == "cgroup2" {
		return unmountAll("cgroup2")
	}
	if _, err := os.Stat(place); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", place, "tmpfs", 0, "size=64k"); err != nil {
		return err
	}
	for name, content := range hidden[place] {
		if err := os.WriteFile(filepath.Join(place, name), []byte(content), 0o444); err != nil {
			return err
		}
	}
	return nil
}

// unmountAll unmounts all file systems of a type.
func unmountAll(kind string) error {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, m := range slices.Backward(mounts) {
		if m.FSType != kind {
			continue
		}
		if err := unix.Unmount(m.MountPoint, unix.MNT_DETACH); err != nil {
			return err
		}
	}
	return nil
}

// tell runs the role in a process with the given attributes.
func tell(t *testing.T, attributes *syscall.SysProcAttr, arguments ...string) outcome {
	t.Helper()
	command := inRole("start", arguments...)
	command.SysProcAttr = attributes
	var printed, complaints bytes.Buffer
	command.Stdout, command.Stderr = &printed, &complaints
	require.NoError(t, command.Run(), complaints.String())
	var told outcome
	require.NoError(t, json.Unmarshal(printed.Bytes(), &told), printed.String())
	return told
}

var ownMounts = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}

// nobody has the given capabilities and no others.
func nobody(capabilities ...uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: capabilities,
	}
}

const (
	running  = tracer.StatusRunning
	degraded = tracer.StatusDegraded
	absent   = tracer.Status("")
)

// byDefault are the states of all tracers that run by default, with those that differ from running.
func byDefault(others map[string]tracer.Status) map[string]tracer.Status {
	states := map[string]tracer.Status{}
	for _, spec := range tracer.Specs() {
		if spec.DefaultEnabled {
			states[spec.Name] = running
		}
	}
	maps.Copy(states, others)
	maps.DeleteFunc(states, func(_ string, status tracer.Status) bool { return status == absent })
	return states
}

func TestHardPlace_noTracefs(t *testing.T) {
	told := tell(t, ownMounts, "/sys/kernel/tracing", "/sys/kernel/debug")
	assert.Empty(t, told.Error)
	assert.Equal(t, componentstatus.StatusRecoverableError.String(), told.Status)
	assert.Equal(t, byDefault(map[string]tracer.Status{"tcp": degraded, "privilege": degraded}), told.Tracers)
	assert.Equal(t, `tracer "tcp" is degraded: missing sys_exit_connect, sys_enter_connect: `+
		"tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing\n"+
		`tracer "privilege" is degraded: missing sys_enter: `+
		"tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing", told.Reason)
}

func TestHardPlace_noBTF(t *testing.T) {
	told := tell(t, ownMounts, "/sys/kernel/btf")
	assert.Contains(t, told.Error, "no tracer can run on this machine: this kernel has no type information (BTF): "+
		"/sys/kernel/btf/vmlinux is missing; use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
	assert.Empty(t, told.Tracers)
}

func TestHardPlace_lockdown(t *testing.T) {
	told := tell(t, ownMounts, "/sys/kernel/security")
	assert.Contains(t, told.Error, `the kernel is locked down in mode "confidentiality"`)
	assert.Contains(t, told.Error, "boot with lockdown=integrity")
}

func TestHardPlace_noPrivileges(t *testing.T) {
	told := tell(t, nobody())
	assert.Contains(t, told.Error, "no tracer can run on this machine: not allowed to use eBPF: run as root, or grant CAP_BPF and CAP_PERFMON")
	assert.Empty(t, told.Tracers)
	assert.Empty(t, told.Status)

	told = tell(t, nobody(), "ignore")
	assert.Empty(t, told.Error)
	assert.Equal(t, componentstatus.StatusPermanentError.String(), told.Status)
	assert.Contains(t, told.Reason, "not allowed to use eBPF")
}

// The capabilities that the documentation names are enough, and each is needed.
func TestHardPlace_leastPrivilege(t *testing.T) {
	told := tell(t, nobody(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_DAC_READ_SEARCH, unix.CAP_NET_ADMIN))
	assert.Empty(t, told.Error)
	assert.Empty(t, told.Reason)
	assert.Equal(t, byDefault(nil), told.Tracers)

	told = tell(t, nobody(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_DAC_READ_SEARCH))
	assert.Empty(t, told.Error)
	assert.Equal(t, byDefault(map[string]tracer.Status{"udp": absent, "dns": absent}), told.Tracers)
	assert.Contains(t, told.Reason, `tracer "udp": no hook could be attached: program "udp_sock_create": `+
		"not allowed to attach to cgroups: run as root, or grant CAP_NET_ADMIN")
	assert.Contains(t, told.Reason, `tracer "dns": no hook could be attached`)

	told = tell(t, nobody(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_NET_ADMIN))
	assert.Empty(t, told.Error)
	assert.Equal(t, byDefault(map[string]tracer.Status{"tcp": degraded, "privilege": degraded}), told.Tracers)
	assert.Contains(t, told.Reason, "not allowed to read the numbers of tracepoints in tracefs: run as root, grant CAP_DAC_READ_SEARCH")

	told = tell(t, nobody(unix.CAP_BPF))
	assert.Contains(t, told.Error, "CAP_PERFMON")
}

// Sockets are observed at the root of the cgroup v2 hierarchy. The others do without.
func TestHardPlace_noCgroup2(t *testing.T) {
	told := tell(t, ownMounts, "cgroup2")
	mounts, err := procfs.GetMounts()
	require.NoError(t, err)
	if !slices.ContainsFunc(mounts, func(m *procfs.MountInfo) bool { return m.FSType == "cgroup" }) {
		assert.Contains(t, told.Error, "no cgroup hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup")
		return
	}
	assert.Empty(t, told.Error)
	assert.Equal(t, byDefault(map[string]tracer.Status{"udp": absent, "dns": absent}), told.Tracers)
	for _, name := range []string{"udp", "dns"} {
		assert.Contains(t, told.Reason, `tracer "`+name+`": no hook could be attached`)
	}
	assert.Contains(t, told.Reason, "no cgroup v2 hierarchy is mounted, which is where sockets are observed: mount -t cgroup2 none")
}

// A role must be one that there is, or the tests above would test nothing.
func TestHardPlace_roles(t *testing.T) {
	command := inRole("no such role")
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Contains(t, string(output), `there is no role "no such role"`)
}
