// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// prepared is a bench with a few files, without a collector.
func prepared(t *testing.T) *bench {
	t.Helper()
	b, err := newBench(plan{SlowdownOpens: 500}, setting{directory: t.TempDir()})
	require.NoError(t, err)
	b.progress = t.Logf
	return b
}

func TestWriteProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), programName)
	require.NoError(t, writeProgram(path))
	output, err := exec.Command(path).CombinedOutput()
	require.NoError(t, err)
	assert.Empty(t, output)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(200))
}

func TestLoads(t *testing.T) {
	const rate, duration = 400, 500 * time.Millisecond
	b := prepared(t)
	var specs []loadSpec
	for _, k := range programKinds() {
		s, err := b.load(k, rate, duration, 0)
		require.NoError(t, err)
		specs = append(specs, s)
	}
	group, err := startLoads(t.Context(), specs...)
	require.NoError(t, err)
	reports, err := group.run()
	require.NoError(t, err)
	require.Len(t, reports, len(specs))
	for i, l := range reports {
		assert.Equal(t, specs[i].kind, l.Kind)
		assert.Zero(t, l.Failed, l.Error)
		assert.Positive(t, l.Done)
		assert.LessOrEqual(t, l.Done, rate/2)
		assert.LessOrEqual(t, l.Rate, float64(rate))
		assert.Positive(t, l.Processor)
		assert.Len(t, l.PIDs, specs[i].processes())
		assert.Equal(t, l.Kind == kindConnect, len(l.Ports) == 1)
	}
}

func TestLoads_asFastAsPossible(t *testing.T) {
	b := prepared(t)
	times := map[kind][]operationTime{}
	b.plan = plan{SlowdownExecs: 20, SlowdownOpens: 500, SlowdownConnects: 50}
	require.NoError(t, b.timeAll(t.Context(), times))
	for _, k := range kinds() {
		require.Len(t, times[k], 1)
		assert.Positive(t, times[k][0].elapsed)
	}
}

// A connection leaves nothing behind that would keep its port.
func TestConnections_leaveNothing(t *testing.T) {
	op, err := connections()
	require.NoError(t, err)
	for i := range 100 {
		require.NoError(t, op.do(i))
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(op.port))
	require.NoError(t, op.close())
	listener, err := net.Listen("tcp4", address)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

func TestLoads_countFailures(t *testing.T) {
	b := prepared(t)
	s, err := b.load(kindOpenNew, 0, 0, 600)
	require.NoError(t, err)
	group, err := startLoads(t.Context(), s)
	require.NoError(t, err)
	reports, err := group.run()
	require.NoError(t, err)
	assert.Equal(t, 500, reports[0].Done)
	assert.Equal(t, 100, reports[0].Failed, "files that are not there")
	assert.Contains(t, reports[0].Error, "no such file or directory")
}

func TestStartLoads_refused(t *testing.T) {
	_, err := startLoads(t.Context(), loadSpec{kind: kindOpenSame, count: 1, directory: t.TempDir()}, loadSpec{kind: "sleep", count: 1})
	require.ErrorContains(t, err, "start a load")
}

func TestLoadSpec_split(t *testing.T) {
	s := loadSpec{kind: kindExec, rate: 8191}
	sum := 0
	for _, part := range s.split() {
		assert.Positive(t, part.rate)
		sum += part.rate
	}
	assert.Equal(t, s.rate, sum)
	assert.Len(t, loadSpec{kind: kindConnect, rate: 8192}.split(), 1)
}
