// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/custom"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// manifestFile is the name of a manifest in a folder.
const manifestFile = "manifest.yaml"

// customTracers are the tracers of a session that somebody else has written. None of them can keep the session from
// running.
type customTracers struct {
	session *session
	limits  custom.Limits
	// keys are those that sign uploads.
	keys []ed25519.PublicKey

	// switching is held while one is added, removed or switched.
	switching sync.Mutex
	closed    bool
	// working are the goroutines that switch off what takes too much.
	working sync.WaitGroup

	mu    sync.Mutex
	units []*customUnit // in the order in which they came
}

func newCustomTracers(s *session) *customTracers {
	return &customTracers{session: s}
}

// list returns those that there are, whether they run or not.
func (c *customTracers) list() []*customUnit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.units)
}

// unit returns the one of a name, nil if there is none.
func (c *customTracers) unit(name string) *customUnit {
	for _, u := range c.list() {
		if u.name == name {
			return u
		}
	}
	return nil
}

// open starts the tracers of the folders. One that can't run is there as failed.
func (c *customTracers) open() error {
	config := &c.session.config.CustomTracers
	var err error
	if c.limits, err = config.limits(); err != nil {
		return fmt.Errorf("custom_tracers: %w", err)
	}
	if c.keys, err = config.Uploads.keys(); err != nil {
		return fmt.Errorf("custom_tracers::uploads: %w", err)
	}
	for _, folder := range config.Folders {
		u := c.openFolder(folder)
		if c.unit(u.name) != nil {
			c.session.logger.Error("Two folders have a tracer of one name; the second is left out", zap.String("tracer", u.name), zap.String("folder", folder))
			continue
		}
		c.add(u)
	}
	return nil
}

// add starts a tracer, and adds it whether that succeeds or not.
func (c *customTracers) add(u *customUnit) {
	u.wanted = true
	if err := u.start(); err != nil {
		u.mu.Lock()
		u.failure = err
		u.mu.Unlock()
		c.session.logger.Error("A custom tracer can't run", zap.String("tracer", u.name), zap.Error(err))
	}
	c.mu.Lock()
	c.units = append(c.units, u)
	c.mu.Unlock()
}

// openFolder reads what is in a folder. It has the folder's name if its own can't be read.
func (c *customTracers) openFolder(folder string) *customUnit {
	bundle, err := c.readFolder(folder)
	if err != nil {
		return newCustomUnit(c.session, filepath.Base(folder), nil, fmt.Errorf("folder %q: %w", folder, err))
	}
	return newCustomUnit(c.session, bundle.Manifest().Name, bundle, nil)
}

func (c *customTracers) readFolder(folder string) (*custom.Bundle, error) {
	content, err := readBounded(filepath.Join(folder, manifestFile), manifest.BytesMax)
	if err != nil {
		return nil, err
	}
	m, err := c.parse(manifestFile, content)
	if err != nil {
		return nil, err
	}
	if m.Object == "" {
		return nil, fmt.Errorf("%s: object: it names no object file of this folder", manifestFile)
	}
	object, err := readBounded(filepath.Join(folder, m.Object), c.limits.ObjectBytes)
	if err != nil {
		return nil, err
	}
	bundle, err := custom.Inspect(object, m, c.limits)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Object, err)
	}
	return bundle, nil
}

// parse reads a manifest, whose name may be none of ours.
func (c *customTracers) parse(name string, content []byte) (*manifest.Manifest, error) {
	m, err := manifest.Parse(name, content)
	if err != nil {
		return nil, err
	}
	return m, m.Validate(builtIn())
}

// builtIn are the names of our own tracers.
func builtIn() []string {
	reserved := []string{sharedByTracers, controlAPI, lossTracer}
	for _, spec := range tracer.Specs() {
		reserved = append(reserved, spec.Name)
	}
	return reserved
}

// readBounded reads a regular file that has no more than so many bytes.
func readBounded(path string, bytesMax int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is no regular file", path), err)
	}
	content, err := io.ReadAll(io.LimitReader(file, int64(bytesMax)+1))
	if err != nil {
		return nil, err
	}
	if len(content) > bytesMax {
		return nil, fmt.Errorf("%s has more than %d bytes", path, bytesMax)
	}
	return content, nil
}

// put replaces the tracer of a name by one that was uploaded, or adds it. If it can't run, nothing has changed.
func (c *customTracers) put(bundle *custom.Bundle) (replaced bool, err error) {
	c.switching.Lock()
	defer c.switching.Unlock()
	if c.closed {
		return false, errSessionEnds
	}
	name := bundle.Manifest().Name
	old := c.unit(name)
	if old == nil && len(c.list()) >= customTracersMax {
		return false, fmt.Errorf("there are %d custom tracers already, which is as many as there may be", customTracersMax)
	}
	u := newCustomUnit(c.session, name, bundle, nil)
	u.uploaded, u.wanted = true, true
	if err := u.takeOver(old); err != nil {
		return false, err
	}
	c.mu.Lock()
	c.units = append(slices.DeleteFunc(c.units, func(one *customUnit) bool { return one == old }), u)
	c.mu.Unlock()
	return old != nil, nil
}

// takeOver starts a tracer in the place of another, which may be nil. If it can't run, the other one goes on.
func (u *customUnit) takeOver(old *customUnit) error {
	began := time.Now()
	l, err := u.load()
	if err != nil {
		return err
	}
	didRun := false
	if old != nil {
		live, _ := old.current()
		didRun = live != nil
		if err := old.stop(nil); err != nil {
			old.session.logger.Warn("A custom tracer did not end well", zap.String("tracer", old.name), zap.Error(err))
		}
	}
	if err := u.attach(l); err != nil {
		if didRun {
			err = errors.Join(err, old.start())
		}
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.switched, u.took = time.Now(), time.Since(began)
	return nil
}

// remove stops a tracer and forgets it.
func (c *customTracers) remove(u *customUnit) error {
	c.switching.Lock()
	defer c.switching.Unlock()
	c.mu.Lock()
	c.units = slices.DeleteFunc(c.units, func(one *customUnit) bool { return one == u })
	c.mu.Unlock()
	return u.stop(nil)
}

// turn switches a tracer on or off.
func (c *customTracers) turn(u *customUnit, on bool) error {
	c.switching.Lock()
	defer c.switching.Unlock()
	if c.closed {
		return errSessionEnds
	}
	began := time.Now()
	var err error
	live, _ := u.current()
	switch {
	case on && live == nil:
		err = u.start()
	case !on:
		err = u.stop(nil)
	}
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wanted, u.switched, u.took = on, time.Now(), time.Since(began)
	if !on {
		u.failure = nil
	}
	return nil
}

// exceeded switches off a tracer that takes too much. It is called on the goroutine that reads its events.
func (c *customTracers) exceeded(u *customUnit, why error) {
	c.session.logger.Error("A custom tracer is switched off", zap.String("tracer", u.name), zap.Error(why))
	c.working.Go(func() {
		c.switching.Lock()
		defer c.switching.Unlock()
		if err := u.stop(fmt.Errorf("it was switched off: %w", why)); err != nil {
			c.session.logger.Warn("A custom tracer did not end well", zap.String("tracer", u.name), zap.Error(err))
		}
	})
}

// close stops all.
func (c *customTracers) close() error {
	c.switching.Lock()
	c.closed = true
	var errs []error
	for _, u := range c.list() {
		errs = append(errs, u.stop(nil))
	}
	c.switching.Unlock()
	c.working.Wait()
	return errors.Join(errs...)
}
