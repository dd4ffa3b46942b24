// SPDX-License-Identifier: Apache-2.0

//go:build linux

package examples

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/test/running"
)

//go:generate env CLANG=clang-19 LLVM_STRIP=llvm-strip-19 ../../examples/custom-tracer/build.sh

// slow is from when on fsync-latency.bpf.c makes an event of a call.
const slow = 10 * time.Millisecond

// newCgroup makes one, and returns its folder and the path that the kernel has for it.
func newCgroup(t *testing.T, name string) (folder, path string) {
	t.Helper()
	mounts, err := procfs.GetMounts()
	require.NoError(t, err)
	i := slices.IndexFunc(mounts, func(m *procfs.MountInfo) bool { return m.FSType == "cgroup2" && m.Root == "/" })
	require.GreaterOrEqual(t, i, 0, "no cgroup v2 hierarchy is mounted")
	path = fmt.Sprintf("/%s-%d", name, os.Getpid())
	folder = filepath.Join(mounts[i].MountPoint, path)
	require.NoError(t, os.Mkdir(folder, 0o755))
	t.Cleanup(func() { _ = os.Remove(folder) })
	return folder, path
}

// within prepares a command that runs in a cgroup.
func within(t *testing.T, folder, name string, arguments ...string) *exec.Cmd {
	t.Helper()
	directory, err := os.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { _ = directory.Close() })
	command := exec.Command(name, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(directory.Fd())}
	return command
}

// pathInEvents is the path that events of processes in a cgroup have: where version 1 of cgroups names workloads, that of
// its hierarchy, which newCgroup makes nothing in.
func pathInEvents(t *testing.T, path string) string {
	t.Helper()
	self, err := procfs.Self()
	require.NoError(t, err)
	cgroups, err := self.Cgroups()
	require.NoError(t, err)
	if i := slices.IndexFunc(cgroups, func(c procfs.Cgroup) bool { return slices.Contains(c.Controllers, "memory") }); i >= 0 {
		return cgroups[i].Path
	}
	return path
}

// printedRecord is a log record as the debug exporter prints it, the resource's attributes among its own.
type printedRecord map[string]string

var (
	printedField     = regexp.MustCompile(`(?m)^(EventName|SeverityNumber|Body|Timestamp): (.*)$`)
	printedAttribute = regexp.MustCompile(`(?m)^     -> ([^ :]+): \w+\((.*)\)$`)
)

// recordsOf finds the records of a name in what was printed.
func recordsOf(printed *running.Output, name string) []printedRecord {
	var found []printedRecord
	for resource := range strings.SplitSeq(printed.String(), "ResourceLog #") {
		parts := strings.Split(resource, "LogRecord #")
		for _, part := range parts[1:] {
			r := printedRecord{}
			for _, match := range printedField.FindAllStringSubmatch(part, -1) {
				r[match[1]] = match[2]
			}
			for _, match := range printedAttribute.FindAllStringSubmatch(parts[0]+part, -1) {
				r[match[1]] = match[2]
			}
			if r["EventName"] == name {
				found = append(found, r)
			}
		}
	}
	return found
}

// sample is the value of a series on the page for Prometheus that has all labels; -1 if there is none.
func sample(name string, labels ...string) float64 {
	for line := range strings.Lines(get("http://127.0.0.1:9464/metrics")) {
		if !strings.HasPrefix(line, name+"{") || slices.ContainsFunc(labels, func(label string) bool { return !strings.Contains(line, label) }) {
			continue
		}
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64); err == nil {
			return value
		}
	}
	return -1
}

func label(name, value string) string { return name + `="` + value + `"` }

func TestCustomTracer(t *testing.T) {
	e := start(t, "../../examples/custom-tracer/run.sh", build(t))
	require.Eventually(t, func() bool { return strings.Count(e.printed.String(), "Custom tracer is attached") == 2 },
		patience, 50*time.Millisecond, "they don't run; it printed:\n%s", e.printed)
	t.Run("fsync-latency", func(t *testing.T) {
		checkDurations(t)
		checkFailure(t, e)
		checkSlowness(t, e)
	})
	t.Run("task-states", checkTaskStates)

	for _, name := range []string{"fsync-latency", "task-states"} {
		var tracer struct {
			Brief, Name string
			State       struct{ Status string }
			Events      map[string]struct {
				Offered, Delivered uint64
			}
		}
		answer := getOver(t, controlSocket, "http://meerkat/v1/tracers/"+name)
		require.NoError(t, json.Unmarshal([]byte(answer), &tracer), answer)
		assert.Equal(t, name, tracer.Name)
		assert.Equal(t, "running", tracer.State.Status, answer)
		for kind, counts := range tracer.Events {
			assert.Positive(t, counts.Offered, kind)
			assert.Equal(t, counts.Offered, counts.Delivered, kind)
		}
		assert.Contains(t, get("http://127.0.0.1:8888/metrics"), `otelcol_ebpf_tracer_state{state="running",tracer="`+name+`"} 1`)
	}
	e.end()
	assert.NotContains(t, e.printed.String(), "\terror\t")
}

// checkDurations has a cgroup of its own, so that the counts are known.
func checkDurations(t *testing.T) {
	t.Helper()
	folder, path := newCgroup(t, "meerkat-durations")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("content"), 0o600))
	began := time.Now()
	for range 3 {
		require.NoError(t, within(t, folder, "sync", file).Run())
	}
	for range 2 {
		require.NoError(t, within(t, folder, "sync", "--data", file).Run())
	}
	all := time.Since(began).Seconds()
	for call, times := range map[string]int{"fsync": 3, "fdatasync": 2} {
		of := []string{label("fsync_call", call), label("meerkat_cgroup_path", path)}
		require.Eventually(t, func() bool { return int(sample("fsync_duration_seconds_count", of...)) == times }, patience, 200*time.Millisecond,
			"%s is called %v times", call, times)
		buckets := func(upTo string) int {
			return int(sample("fsync_duration_seconds_bucket", slices.Concat(of, []string{label("le", upTo)})...))
		}
		assert.Equal(t, times, buckets("34.359738367"), "no call takes half a minute")
		assert.Zero(t, buckets("1e-09"), "nor a nanosecond")
		sum := sample("fsync_duration_seconds_sum", of...)
		assert.Positive(t, sum)
		assert.LessOrEqual(t, sum, all, "the calls are a part of what the commands took")
	}
}

func checkFailure(t *testing.T, e *example) {
	t.Helper()
	folder, path := newCgroup(t, "meerkat-failure")
	command := within(t, folder, "sync", "/dev/null")
	require.Error(t, command.Run(), "it is no file that could be written to a disk")
	pid := strconv.Itoa(command.Process.Pid)
	var found []printedRecord
	require.Eventually(t, func() bool {
		found = slices.DeleteFunc(recordsOf(e.printed, "fsync.failed"), func(r printedRecord) bool { return r["process.pid"] != pid })
		return len(found) > 0
	}, patience, 50*time.Millisecond)
	require.Len(t, found, 1)
	r := found[0]
	assert.Equal(t, "EINVAL", r["error.type"])
	assert.Equal(t, "fsync", r["fsync.call"])
	assert.Equal(t, "3", r["fsync.fd"], "the first that is free")
	assert.Equal(t, pid, r["thread.id"])
	assert.Equal(t, "sync", r["thread.name"])
	assert.Equal(t, pathInEvents(t, path), r["meerkat.cgroup.path"])
	assert.Equal(t, "sync", r["process.executable.name"])
	assert.Equal(t, "Error(17)", r["SeverityNumber"])
	assert.Equal(t, "Str(fsync of file descriptor 3 failed with EINVAL in thread sync)", r["Body"])
}

// checkSlowness writes more and more until the disk takes its time, and holds the events against what it measured itself.
func checkSlowness(t *testing.T, e *example) {
	t.Helper()
	const megabytesMax = 1024
	block := make([]byte, 1<<20)
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	var began, ended time.Time
	var took time.Duration
	for megabytes := 16; took < 2*slow; megabytes *= 2 {
		require.LessOrEqual(t, megabytes, megabytesMax, "nothing is slow here; the last took %s", took)
		for range megabytes {
			_, err := file.Write(block)
			require.NoError(t, err)
		}
		began = time.Now()
		require.NoError(t, unix.Fdatasync(int(file.Fd())))
		ended = time.Now()
		took = ended.Sub(began)
	}
	isIt := func(r printedRecord) bool {
		at, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", r["Timestamp"])
		return err == nil && r["process.pid"] == strconv.Itoa(os.Getpid()) && !at.Before(began.Add(-time.Millisecond)) && !at.After(ended.Add(time.Millisecond))
	}
	var found []printedRecord
	require.Eventually(t, func() bool {
		found = slices.DeleteFunc(recordsOf(e.printed, "fsync.slow"), func(r printedRecord) bool { return !isIt(r) })
		return len(found) > 0
	}, patience, 50*time.Millisecond)
	require.Len(t, found, 1)
	r := found[0]
	seconds, err := strconv.ParseFloat(r["fsync.duration"], 64)
	require.NoError(t, err)
	assert.Greater(t, seconds, slow.Seconds())
	assert.LessOrEqual(t, seconds, took.Seconds())
	assert.Equal(t, "fdatasync", r["fsync.call"])
	assert.Equal(t, strconv.Itoa(int(file.Fd())), r["fsync.fd"])
	assert.NotContains(t, r, "error.type")
	assert.Equal(t, "Warn(13)", r["SeverityNumber"])
}

func checkTaskStates(t *testing.T) {
	folder, path := newCgroup(t, "meerkat-states")
	inState := func(state string) float64 {
		return sample("task_count", label("task_state", state), label("meerkat_cgroup_path", path))
	}
	var sleepers []*exec.Cmd
	for range 2 {
		sleeper := within(t, folder, "sleep", "1000")
		require.NoError(t, sleeper.Start())
		t.Cleanup(func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() })
		sleepers = append(sleepers, sleeper)
	}
	require.Eventually(t, func() bool { return inState("sleeping") == 2 }, patience, 200*time.Millisecond)
	require.NoError(t, sleepers[0].Process.Signal(syscall.SIGSTOP))
	require.Eventually(t, func() bool { return inState("sleeping") == 1 && inState("stopped") == 1 }, patience, 200*time.Millisecond)
	for _, sleeper := range sleepers {
		require.NoError(t, sleeper.Process.Kill())
		require.Error(t, sleeper.Wait())
	}
	require.Eventually(t, func() bool { return inState("sleeping") == -1 && inState("stopped") == -1 }, patience, 200*time.Millisecond,
		"what is gone has no series")
}
