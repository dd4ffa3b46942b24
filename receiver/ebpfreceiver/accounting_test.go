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
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// balance returns the accounts of one tracer, by kind, at a moment at which nothing of them is on its
// way. The machine goes on meanwhile, so it may take some tries.
func (l *live) balance(tracer string) map[string]account {
	l.t.Helper()
	var byKind map[string]account
	require.Eventually(l.t, func() bool {
		byKind = map[string]account{}
		for _, st := range l.shared.session.tracers.running() {
			if st.tracer.Name() != tracer {
				continue
			}
			st.reader.Flush()
			accounts, err := l.shared.session.tracers.unit(st.tracer.Name()).accounts()
			require.NoError(l.t, err)
			for _, a := range accounts {
				if a.inFlight() != 0 {
					return false
				}
				byKind[a.Kind] = a
			}
		}
		return true
	}, patience, 20*time.Millisecond, "events of tracer %q stay in flight: %+v", tracer, byKind)
	return byKind
}

func (a account) lost() uint64 {
	var sum uint64
	for _, lost := range a.Lost {
		sum += lost
	}
	return sum
}

// Nothing is offered, delivered, counted or lost but what was done. Others use the machine too, so the
// accounts are at least what this test does, and its own records exactly that.
func TestAccounting_everyEventArrivesSomewhere(t *testing.T) {
	const execs, opens, connects = 300, 2000, 300
	l := startLive(t, func(*Config) {})
	d := t.TempDir()
	before := map[string]map[string]account{"process": l.balance("process"), "file": l.balance("file"), "tcp": l.balance("tcp")}

	marker := filepath.Join(d, "marker")
	require.NoError(t, os.Symlink("/bin/true", marker))
	for range execs {
		require.NoError(t, exec.Command(marker).Run())
	}
	opener := shell(t, d, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do : >> repeated; i=$((i+1)); done`, opens))
	refusing := refusingPort(t)
	for range connects {
		_, err := net.Dial("tcp4", refusing)
		require.ErrorIs(t, err, unix.ECONNREFUSED)
	}

	deltas := map[string]account{}
	for tracer, kinds := range before {
		for kind, a := range l.balance(tracer) {
			deltas[tracer+"."+kind] = difference(a, kinds[kind])
		}
	}
	for kind, atLeast := range map[string]uint64{
		"process.exec": execs, "process.exit": execs, "process.fork": execs, "tcp.connect": connects, "file.open": opens - 1,
	} {
		a := deltas[kind]
		assert.GreaterOrEqual(t, a.Offered, atLeast, kind)
		assert.Equal(t, a.Offered, a.Delivered+a.Filtered+a.Aggregated+a.lost(), kind)
		assert.Zero(t, a.lost(), "%s: %v", kind, a.Lost)
	}
	assert.Len(t, l.find(names.EventProcessExec, func(r record) bool { return r.str(names.ProcessFilename) == marker }), execs)
	// The first use of the file creates it, the second one opens it, and the rest are repeats.
	path := filepath.Join(d, "repeated")
	own := func(r record) bool { return at(path)(r) && byPID(opener)(r) }
	l.one(names.EventFileCreate, own)
	l.stop()
	assert.EqualValues(t, opens-1, l.times(names.EventFileOpen, own))
	_, port, err := net.SplitHostPort(refusing)
	require.NoError(t, err)
	assert.EqualValues(t, connects, l.times(names.EventTCPConnect, func(r record) bool { return r.str(names.ServerPort) == port }))
}

// times is how often something was reported to have happened: once by each event, but for those that count repeats.
func (l *live) times(event string, match func(record) bool) int64 {
	var sum int64
	for _, r := range l.find(event, match) {
		sum += max(1, r.num(names.RepeatCount))
	}
	return sum
}

func difference(after, before account) account {
	d := account{
		Offered: after.Offered - before.Offered, Delivered: after.Delivered - before.Delivered,
		Filtered: after.Filtered - before.Filtered, Aggregated: after.Aggregated - before.Aggregated,
		Lost: map[string]uint64{},
	}
	for stage := range after.Lost {
		d.Lost[stage] = after.Lost[stage] - before.Lost[stage]
	}
	return d
}

// refusingPort is an address of loopback at which nobody listens.
func refusingPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// A ring that is much too small loses events in the kernel, and says how many.
func TestAccounting_fullRing(t *testing.T) {
	const files, roundsMax = 3000, 20
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.Common.RingBufferBytes = ringBufferBytesMin
	})
	// While the pipeline is held up, readers wait for it again and again, and the ring fills.
	release := l.logs.hold()
	defer release()
	done := uint64(0)
	for st := l.shared.session.tracers.running()[1]; done < files*roundsMax; {
		shell(t, t.TempDir(), fmt.Sprintf(`i=0; while [ $i -lt %d ]; do : > $i; i=$((i+1)); done`, files))
		done += files
		accounts, err := l.shared.session.tracers.unit(st.tracer.Name()).accounts()
		require.NoError(t, err)
		if accounts[decode.KindFileCreate].Lost["ring"] > 0 {
			break
		}
	}
	release()
	a := l.balance("file")["create"]
	// Where the kernel lets another process run while one is in a program, it leaves out that process's run of it.
	dispatcher, ok := l.shared.session.dispatcher.ProgramStats()
	require.True(t, ok)
	assert.GreaterOrEqual(t, a.Offered+dispatcher.Missed, done)
	assert.Equal(t, a.Offered, a.Delivered+a.Filtered+a.Aggregated+a.lost())
	assert.Positive(t, a.Lost["ring"])
	assert.Positive(t, a.Delivered)
	l.stop()
	assert.True(t, l.hasSaid("Events were lost"))
}

// What the pipeline refuses is offered again while it may take it later, and counted when it never does.
func TestAccounting_pipelineRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		attempts int
	}{
		"for good":       {consumererror.NewPermanent(errors.New("no")), 1},
		"for the moment": {errors.New("not now"), pipelineAttemptsMax},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLive(t, only("tcp"))
			release := l.logs.hold()
			attempts := 0
			l.logs.refuse = func() error { attempts++; return c.err }
			release()
			_, err := net.Dial("tcp4", refusingPort(t))
			require.ErrorIs(t, err, unix.ECONNREFUSED)
			require.Eventually(t, func() bool { return l.balance("tcp")["connect"].Lost["pipeline"] > 0 }, patience, 10*time.Millisecond)
			release = l.logs.hold()
			defer release()
			assert.GreaterOrEqual(t, attempts, c.attempts)
		})
	}
}
