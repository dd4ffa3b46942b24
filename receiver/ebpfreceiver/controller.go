// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// controller carries out what is asked for over the control API, one thing at a time, and remembers it. It
// implements control.Tracers.
type controller struct {
	// base is what the configuration says.
	base   *Config
	logger *zap.Logger
	// store keeps the override beyond the end of the collector; nil without a storage.
	store storage.Client
	// changed is told what was changed.
	changed func(controlapi.Change)

	session *session

	mu       sync.Mutex
	override override
	// current is base with the override laid over it.
	current *Config
}

// overrideKey is the name of the override in the storage.
const overrideKey = "override"

// newController reads what was chosen before. What does not fit the configuration any more is left out, and kept:
// the configuration may be mended.
func newController(ctx context.Context, r *ebpfReceiver, host component.Host) (*controller, error) {
	c := &controller{base: r.config, current: r.config, logger: r.settings.Logger, changed: func(controlapi.Change) {}}
	if r.config.Storage == nil {
		return c, nil
	}
	extension, ok := host.GetExtensions()[*r.config.Storage].(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: %q is not a storage extension of this collector; add it to extensions and service::extensions", r.config.Storage)
	}
	var err error
	if c.store, err = extension.GetClient(ctx, component.KindReceiver, r.settings.ID, ""); err != nil {
		return nil, fmt.Errorf("storage: open %q: %w", r.config.Storage, err)
	}
	stored, err := c.store.Get(ctx, overrideKey)
	if err != nil || len(stored) == 0 {
		return c, err
	}
	if err := c.restore(stored); err != nil {
		c.logger.Error("What was chosen over the control API is left out, since it can't be used", zap.Error(err))
	}
	return c, nil
}

func (c *controller) restore(stored []byte) error {
	o, err := parseOverride(stored)
	if err != nil {
		return err
	}
	current, err := o.apply(c.base)
	if err != nil {
		return err
	}
	c.override, c.current = o, current
	return nil
}

func (c *controller) close(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	return c.store.Close(ctx)
}

// List implements control.Tracers.
func (c *controller) List() ([]control.Tracer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []control.Tracer
	for _, u := range c.session.tracers.units {
		t, err := c.describe(u)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	for _, u := range c.session.customs.list() {
		t, err := c.describeCustom(u)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// Change implements control.Tracers.
func (c *controller) Change(ctx context.Context, by controlapi.Caller, name string, changes map[string]any) (control.Tracer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.session.tracers.unit(name)
	if other := c.session.customs.unit(name); other != nil {
		return c.changeCustom(ctx, by, other, changes)
	}
	if u == nil {
		return control.Tracer{}, control.NoTracer(name)
	}
	chosen, err := c.override.withTracer(name, changes)
	if err != nil {
		return control.Tracer{}, controlapi.Invalid(err.Error())
	}
	change := controlapi.Change{Caller: by, Action: actionOf(changes), Subject: "tracer/" + name}
	section := func(config *Config) any { return config.Tracers.tracer(name) }
	do := func(config *Config) error { return c.session.tracers.change(u, config) }
	if err := c.apply(ctx, chosen, change, section, do); err != nil {
		return control.Tracer{}, err
	}
	return c.describe(u)
}

// actionOf names a change after what it is about.
func actionOf(changes map[string]any) string {
	enabled, isBool := changes[keyEnabled].(bool)
	switch {
	case changes == nil:
		return "reset"
	case len(changes) > 1 || !isBool:
		return "set"
	case enabled:
		return "enable"
	default:
		return "disable"
	}
}

// apply lets do make what runs into what an override says, and remembers and tells it, unless it fails.
func (c *controller) apply(ctx context.Context, chosen override, change controlapi.Change, section func(*Config) any, do func(*Config) error) error {
	config, err := chosen.apply(c.base)
	if err != nil {
		return controlapi.Invalid(err.Error())
	}
	before, err := written(section(c.current))
	if err != nil {
		return err
	}
	after, err := written(section(config))
	if err != nil {
		return err
	}
	if err := do(config); err != nil {
		return &controlapi.Problem{
			Status: http.StatusConflict, Code: "cannot_run", Title: "This machine does not do that; nothing was changed", Detail: err.Error(),
		}
	}
	c.override, c.current = chosen, config
	c.keep(ctx)
	if change.From, change.To = differences(before, after); change.From != change.To {
		c.tell(change)
	}
	return nil
}

// tell says that something was changed: to the server, which logs and counts it, and to the pipeline.
func (c *controller) tell(change controlapi.Change) {
	c.changed(change)
	c.session.control.changed(change)
}

// keep writes the override to the storage. What was changed stays changed if that fails.
func (c *controller) keep(ctx context.Context) {
	if c.store == nil {
		return
	}
	stored, err := json.Marshal(c.override)
	if err == nil && len(stored) > overrideBytesMax {
		err = fmt.Errorf("it has %d bytes, more than %d", len(stored), overrideBytesMax)
	}
	if err == nil {
		// Whoever asked may have gone; what was done is to be kept all the same.
		err = c.store.Set(context.WithoutCancel(ctx), overrideKey, stored)
	}
	if err != nil {
		c.logger.Error("What was chosen over the control API will be forgotten with the next restart", zap.Error(err))
	}
}

// differences are the keys in which two sections differ, with the values of each, as JSON.
func differences(before, after map[string]any) (from, to string) {
	was, is := map[string]any{}, map[string]any{}
	for key := range maps.Keys(after) {
		if !reflect.DeepEqual(before[key], after[key]) {
			was[key], is[key] = before[key], after[key]
		}
	}
	a, errA := json.Marshal(was)
	b, errB := json.Marshal(is)
	if errors.Join(errA, errB) != nil {
		return "", ""
	}
	return string(a), string(b)
}

// Filters implements control.Tracers.
func (c *controller) Filters() (control.Filters, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.describeFilters()
}

// ChangeFilters implements control.Tracers.
func (c *controller) ChangeFilters(ctx context.Context, by controlapi.Caller, changes map[string]any) (control.Filters, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	chosen, err := c.override.withFilters(changes)
	if err != nil {
		return control.Filters{}, controlapi.Invalid(err.Error())
	}
	change := controlapi.Change{Caller: by, Action: actionOf(changes), Subject: "filters"}
	section := func(config *Config) any { return &config.Filters }
	do := func(config *Config) error { return c.session.filter.change(&config.Filters) }
	if err := c.apply(ctx, chosen, change, section, do); err != nil {
		return control.Filters{}, err
	}
	return c.describeFilters()
}

func (c *controller) describeFilters() (control.Filters, error) {
	settings, err := written(&c.current.Filters)
	return control.Filters{Settings: settings, Override: c.override.Filters}, err
}
