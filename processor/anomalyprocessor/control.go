// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
)

// controller answers what is asked over the control API, and carries out what is asked for. It implements control.Detection.
type controller struct {
	core *core
	// record is told what was changed; it logs and counts that.
	record func(controlapi.Change)
}

// feedback is what the processor counts and remembers for the control API. It is there without one too.
type feedback struct {
	// benign and malicious are verdicts, unsent events of changes that the pipeline refused, unswitched rules beyond their limit.
	benign, malicious, unsent, unswitched atomic.Uint64

	unmount func()
}

// mount puts the routes on the control API, if the collector has one. They are those of one processor: a second one runs without.
func (c *core) mount(host component.Host) {
	server := controlapi.ServerOf(host)
	if server == nil {
		return
	}
	unmount, err := server.Mount(c.id, control.Mount(&controller{c, server.Record}))
	if err != nil {
		c.logger.Error("The control API can't reach this processor", zap.Error(err))
		return
	}
	c.feedback.unmount = unmount
}

// unmount waits for requests that are being answered.
func (c *core) unmount() {
	if c.feedback.unmount != nil {
		c.feedback.unmount()
		c.feedback.unmount = nil
	}
}

// changed says that something was changed: to the server, which logs and counts it, and to the pipeline.
func (k *controller) changed(ctx context.Context, change controlapi.Change) {
	k.record(change)
	to := k.core.first.Load()
	if to == nil {
		return
	}
	limited, cancel := sending(ctx)
	defer cancel()
	if err := to.inner.ConsumeLogs(limited, changeEvent(k.core.settings.Resource, change, k.core.now())); err != nil {
		k.core.feedback.unsent.Add(1)
		k.core.logger.Warn("The pipeline does not take the event of a change; the change was made", zap.Error(err))
	}
}

// sending is for what follows from a request: whoever asked may have gone, what was done is to be told all the same.
func sending(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), sendTimeMax)
}

// asJSON writes down what something was or is, empty for nothing.
func asJSON(value any) string {
	if value == nil {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil { // Values are ours, of texts, numbers and truths.
		return ""
	}
	return string(text)
}
