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
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// uploadKey is the name of an upload in the storage.
func uploadKey(name string) string { return "upload/" + name }

// inspect finds out whether an upload may run, from its bytes alone.
func (c *controller) inspect(name string, u control.Upload) (*custom.Bundle, error) {
	if err := c.checkSignature(name, u); err != nil {
		return nil, err
	}
	m, err := c.session.customs.parse("manifest", u.Manifest)
	if err != nil {
		return nil, controlapi.Invalid(err.Error())
	}
	if m.Name != name {
		return nil, controlapi.Invalid(fmt.Sprintf("name: the manifest's is %q, that of the path %q", m.Name, name))
	}
	bundle, err := custom.Inspect(u.Object, m, c.session.customs.limits)
	if err != nil {
		return nil, controlapi.Invalid("object: " + err.Error())
	}
	return bundle, nil
}

func (c *controller) checkSignature(name string, u control.Upload) error {
	uploads := &c.base.CustomTracers.Uploads
	forbidden := &controlapi.Problem{Status: http.StatusForbidden, Code: "upload_refused", Title: "The upload is not taken"}
	if !uploads.Enabled {
		forbidden.Detail = "uploads are off; custom_tracers::uploads::enabled of the configuration switches them on"
		return forbidden
	}
	if uploads.Unsigned {
		return nil
	}
	if err := custom.Verify(c.session.customs.keys, custom.SignedMessage(name, u.Manifest, u.Object), u.Signature); err != nil {
		forbidden.Detail = "signature: " + err.Error()
		return forbidden
	}
	return nil
}

// ObjectBytesMax implements control.CustomTracers.
func (c *controller) ObjectBytesMax() int64 { return int64(c.base.CustomTracers.ObjectBytesMax) }

// Put implements control.CustomTracers.
func (c *controller) Put(ctx context.Context, by controlapi.Caller, name string, u control.Upload, wholeLog bool) (control.Tracer, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.session.customs.unit(name); old != nil && !old.uploaded {
		return control.Tracer{}, false, &controlapi.Problem{
			Status: http.StatusConflict, Code: "exists", Title: "There is such a tracer already",
			Detail: fmt.Sprintf("%q comes from a folder of the configuration; give the upload another name", name),
		}
	}
	bundle, err := c.inspect(name, u)
	if err != nil {
		return control.Tracer{}, false, err
	}
	replaced, err := c.session.customs.put(bundle)
	if err != nil {
		return control.Tracer{}, false, refusedProgram(err, wholeLog)
	}
	delete(c.override.Custom, name)
	c.override.Uploads = append(slices.DeleteFunc(c.override.Uploads, func(one string) bool { return one == name }), name)
	c.keepUpload(ctx, name, &u)
	c.keep(ctx)
	c.tell(controlapi.Change{Caller: by, Action: "upload", Subject: "tracer/" + name, To: summaryOf(bundle)})
	t, err := c.describeCustom(c.session.customs.unit(name))
	return t, !replaced, err
}

// summaryOf tells of an upload what an audit needs.
func summaryOf(bundle *custom.Bundle) string {
	text, err := json.Marshal(map[string]any{"version": bundle.Manifest().Version, "programs": bundle.Programs()})
	if err != nil {
		return ""
	}
	return string(text)
}

// refusedProgram is the answer when the kernel does not take a tracer.
func refusedProgram(err error, wholeLog bool) error {
	p := &controlapi.Problem{
		Status: http.StatusConflict, Code: "cannot_run", Title: "This machine does not do that; nothing was changed", Detail: err.Error(),
	}
	if refused, ok := errors.AsType[*custom.VerifierError](err); ok {
		p.Status, p.Code, p.Title = http.StatusUnprocessableEntity, "refused_by_verifier", "The kernel's verifier refuses a program; nothing was changed"
		if wholeLog {
			p.Log = refused.Log()
		}
	}
	return p
}

// Delete implements control.CustomTracers.
func (c *controller) Delete(ctx context.Context, by controlapi.Caller, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.session.customs.unit(name)
	if u == nil {
		return control.NoTracer(name)
	}
	if !u.uploaded {
		return &controlapi.Problem{
			Status: http.StatusConflict, Code: "not_uploaded", Title: "The tracer was not uploaded",
			Detail: fmt.Sprintf("%q comes from a folder of the configuration: switch it off, or take it out there", name),
		}
	}
	if err := c.session.customs.remove(u); err != nil {
		c.logger.Warn("A custom tracer did not end well", zap.String("tracer", name), zap.Error(err))
	}
	delete(c.override.Custom, name)
	c.override.Uploads = slices.DeleteFunc(c.override.Uploads, func(one string) bool { return one == name })
	c.keepUpload(ctx, name, nil)
	c.keep(ctx)
	c.tell(controlapi.Change{Caller: by, Action: "delete", Subject: "tracer/" + name, From: summaryOf(u.bundle)})
	return nil
}

// changeCustom switches a tracer of somebody else. That is all that can be changed of one.
func (c *controller) changeCustom(ctx context.Context, by controlapi.Caller, u *customUnit, changes map[string]any) (control.Tracer, error) {
	others := maps.Clone(changes)
	delete(others, keyEnabled)
	if len(others) > 0 {
		return control.Tracer{}, controlapi.Invalid(fmt.Sprintf("settings: %s: a tracer of somebody else can be switched, and has no settings",
			strings.Join(slices.Sorted(maps.Keys(others)), ", ")))
	}
	before := u.isWanted()
	on, chosen := changes[keyEnabled].(bool)
	if !chosen {
		on = true
	}
	if err := c.session.customs.turn(u, on); err != nil {
		return control.Tracer{}, refusedProgram(err, false)
	}
	if c.override.Custom == nil {
		c.override.Custom = map[string]bool{}
	}
	c.override.Custom[u.name] = on
	if !chosen {
		delete(c.override.Custom, u.name)
	}
	c.keep(ctx)
	if before != on {
		c.tell(controlapi.Change{
			Caller: by, Action: actionOf(changes), Subject: "tracer/" + u.name,
			From: fmt.Sprintf(`{"enabled":%t}`, before), To: fmt.Sprintf(`{"enabled":%t}`, on),
		})
	}
	return c.describeCustom(u)
}

// keepUpload writes an upload to the storage, or removes it if it is nil.
func (c *controller) keepUpload(ctx context.Context, name string, u *control.Upload) {
	if c.store == nil {
		return
	}
	ctx = context.WithoutCancel(ctx)
	var err error
	if u == nil {
		err = c.store.Delete(ctx, uploadKey(name))
	} else {
		var stored []byte
		if stored, err = json.Marshal(u); err == nil {
			err = c.store.Set(ctx, uploadKey(name), stored)
		}
	}
	if err != nil {
		c.logger.Error("An upload is not kept as it should be", zap.String("tracer", name), zap.Error(err))
	}
}

// restoreCustom starts what was uploaded before, and stops what was switched off before. Signatures are checked
// again: the keys may have changed.
func (c *controller) restoreCustom(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.override.Uploads {
		if err := c.restoreUpload(ctx, name); err != nil {
			c.logger.Error("A tracer that was uploaded before is left out", zap.String("tracer", name), zap.Error(err))
		}
	}
	for name, on := range c.override.Custom {
		if u := c.session.customs.unit(name); u != nil && !on {
			if err := c.session.customs.turn(u, false); err != nil {
				c.logger.Error("A tracer that was switched off before runs", zap.String("tracer", name), zap.Error(err))
			}
		}
	}
}

func (c *controller) restoreUpload(ctx context.Context, name string) error {
	stored, err := c.store.Get(ctx, uploadKey(name))
	if err != nil {
		return err
	}
	var u control.Upload
	if err := json.Unmarshal(stored, &u); err != nil {
		return fmt.Errorf("read it from the storage: %w", err)
	}
	bundle, err := c.inspect(name, u)
	if err != nil {
		return err
	}
	_, err = c.session.customs.put(bundle)
	return err
}

// describeCustom says how a tracer of somebody else is.
func (c *controller) describeCustom(u *customUnit) (control.Tracer, error) {
	t := control.Tracer{
		Name: u.name, Cost: string(tracer.CostUnknown), Privileges: []control.Privilege{}, DefaultEnabled: true,
		Enabled: u.isWanted(), EnabledFrom: control.OriginConfiguration, Settings: map[string]any{},
		Events: map[string]control.Events{}, Programs: []control.Program{}, State: u.describeState(),
		Custom: &control.Custom{From: "folder", Undecodable: u.ledger.unknownKind.Load(), Overflowed: u.counters.Overflowed.Load(), Iterators: []control.Iterator{}},
	}
	t.Custom.Cut = u.counters.TextsCut.Load() + u.counters.ListsCut.Load() + u.counters.ValuesCut.Load()
	if u.uploaded {
		t.Custom.From, t.EnabledFrom = "upload", control.OriginOverride
	}
	if on, chosen := c.override.Custom[u.name]; chosen {
		t.EnabledFrom, t.Override = control.OriginOverride, map[string]any{keyEnabled: on}
	}
	if u.bundle != nil {
		m := u.bundle.Manifest()
		t.Brief, t.Custom.Version, t.Custom.Licence = m.Brief, m.Version, u.bundle.Licence()
	}
	for _, a := range u.accounts() {
		t.Events[a.Kind] = describeEvents(a)
	}
	if live, _ := u.current(); live != nil {
		t.MapBytes = live.MapBytes()
		for _, p := range live.ProgramStats() {
			t.Programs = append(t.Programs, describeProgram(p.Program, p.RunTime, p.RunCount, p.Missed))
		}
		for _, i := range live.IteratorStats() {
			t.Custom.Iterators = append(t.Custom.Iterators, control.Iterator{Program: i.Program, Runs: i.Runs, Cut: i.Cut, Failed: i.Failed})
		}
	}
	return t, nil
}
