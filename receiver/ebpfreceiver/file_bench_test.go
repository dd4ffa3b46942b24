// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openInLoop is a role: it opens and closes what its arguments say, and prints the nanoseconds of processor
// time that one takes. A path with "%d" is another file each time.
func openInLoop(arguments []string) error {
	path := arguments[0]
	flags, err := strconv.Atoi(arguments[1])
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	paths := make([]string, number)
	for i := range paths {
		paths[i] = strings.Replace(path, "%d", strconv.Itoa(i), 1)
	}
	var before, after unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &before); err != nil {
		return err
	}
	for _, p := range paths {
		fd, err := unix.Open(p, flags|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return err
		}
		if err := unix.Close(fd); err != nil {
			return err
		}
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &after); err != nil {
		return err
	}
	taken := after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano()
	fmt.Println(taken / int64(number))
	return nil
}

// BenchmarkFile_open prints what an open and its close take with and without the tracer, and what the
// tracer's handler says that it takes itself. Compare within one run: machines differ.
func BenchmarkFile_open(b *testing.B) {
	for _, c := range []struct {
		name  string
		path  string
		flags int
	}{
		{"read that is not wanted", "usr/lib/x86_64/libsomething.so.6", unix.O_RDONLY},
		{"read named almost as a secret", "usr/src/project/config", unix.O_RDONLY},
		{"write again", "var/log/one", unix.O_WRONLY | unix.O_CREAT},
		{"write first", "var/spool/%d", unix.O_WRONLY | unix.O_CREAT},
	} {
		for _, how := range []string{"without", "with", "measured"} {
			b.Run(c.name+"/"+how, func(b *testing.B) { benchmarkOpen(b, how, c.path, c.flags) })
		}
	}
}

func benchmarkOpen(b *testing.B, how, path string, flags int) {
	b.Helper()
	path = filepath.Join(b.TempDir(), path)
	require.NoError(b, os.MkdirAll(filepath.Dir(path), 0o700))
	if flags == unix.O_RDONLY {
		require.NoError(b, os.WriteFile(path, nil, 0o600))
	}
	var l *live
	if how != "without" {
		l = startLive(b, func(c *Config) {
			only("file")(c)
			c.ProgramStatistics = how == "measured"
		})
	}
	output, err := inRole("open", path, strconv.Itoa(flags), strconv.Itoa(max(b.N, 1000))).Output()
	require.NoError(b, err)
	taken, err := strconv.ParseFloat(strings.TrimSpace(string(output)), 64)
	require.NoError(b, err)
	b.ReportMetric(taken, "ns/open")
	b.ReportMetric(0, "ns/op")
	if how != "measured" {
		return
	}
	for _, st := range l.shared.session.tracers.running() {
		for _, stats := range st.tracer.ProgramStats() {
			if stats.Program == "file_syscall" {
				b.ReportMetric(float64(stats.RunTime.Nanoseconds())/float64(max(stats.RunCount, 1)), "ns/handler")
			}
		}
	}
}
