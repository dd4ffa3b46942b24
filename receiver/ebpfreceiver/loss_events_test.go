// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

func ofTracer(name string) func(record) bool {
	return func(r record) bool { return r.str(names.ReceiverLossTracer) == name }
}

// What a ring that is much too small loses is told in the logs, once and as a whole.
func TestLoss_fullRing(t *testing.T) {
	const files, roundsMax = 3000, 20
	l := startLive(t, func(c *Config) {
		only("file")(c)
		c.Tracers.File.Common.RingBufferBytes = ringBufferBytesMin
	})
	release := l.logs.hold()
	defer release()
	for range roundsMax {
		shell(t, t.TempDir(), fmt.Sprintf(`i=0; while [ $i -lt %d ]; do : > $i; i=$((i+1)); done`, files))
		accounts, err := l.shared.session.tracers.unit("file").accounts()
		require.NoError(t, err)
		if accounts[decode.KindFileCreate].Lost["ring"] > 0 {
			break
		}
	}
	release()
	lost, offered := uint64(0), uint64(0)
	for _, a := range l.balance("file") {
		lost, offered = lost+a.lost(), offered+a.Offered
	}
	require.Positive(t, lost)
	session := l.shared.session
	l.stop()
	r := l.one(names.EventReceiverLoss, ofTracer("file"))
	assert.EqualValues(t, lost, r.num(names.ReceiverLossLost))
	assert.GreaterOrEqual(t, r.num(names.ReceiverLossOffered), int64(offered))
	assert.Contains(t, r.strs(names.ReceiverLossStages), "ring")
	assert.Equal(t, plog.SeverityNumberWarn, r.SeverityNumber())
	assert.NotEmpty(t, r.str(names.LogRecordUID))
	assert.NotEmpty(t, l.resource(r, names.HostName))
	own := session.losses.accounts()[0]
	assert.Equal(t, own.Offered, own.Delivered)
}

// An event about a loss that is lost itself is told with the next one; while nothing is lost, nothing is told.
func TestLoss_eventIsLostItself(t *testing.T) {
	l := startLive(t, only("tcp"))
	losses := l.shared.session.losses
	losses.tell(time.Now())
	release := l.logs.hold()
	l.logs.refuse = func() error { return consumererror.NewPermanent(assert.AnError) }
	release()
	_, err := net.Dial("tcp4", refusingPort(t))
	require.ErrorIs(t, err, unix.ECONNREFUSED)
	require.Eventually(t, func() bool { return l.balance("tcp")["connect"].Lost["pipeline"] > 0 }, patience, 10*time.Millisecond)
	losses.tell(time.Now())
	require.Eventually(t, func() bool { return losses.ownLost() == 1 }, patience, 10*time.Millisecond)
	release = l.logs.hold()
	l.logs.refuse = nil
	release()
	losses.tell(time.Now())
	r := l.one(names.EventReceiverLoss, ofTracer("tcp"))
	assert.Positive(t, r.num(names.ReceiverLossLost))
	assert.GreaterOrEqual(t, r.num(names.ReceiverLossOffered), r.num(names.ReceiverLossLost))
	assert.Equal(t, []string{"pipeline"}, r.strs(names.ReceiverLossStages))
	losses.tell(time.Now())
	l.stop()
	assert.Len(t, l.find(names.EventReceiverLoss, func(record) bool { return true }), 1)
	assert.LessOrEqual(t, len(losses.seen), lossTracersMax)
}

// However many tracers come and go, few names are remembered.
func TestLoss_namesAreBounded(t *testing.T) {
	l := newLossEvents(nil)
	for n := range 2 * lossTracersMax {
		l.remember(map[string]lossSums{fmt.Sprint(n): {lost: 1}})
	}
	assert.LessOrEqual(t, len(l.seen), lossTracersMax)
}
