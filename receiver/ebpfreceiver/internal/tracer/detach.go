// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"maps"
	"slices"
	"sync"
)

// Detach ends the observation: when it returns, no program runs any more. Programs, maps and what they hold stay.
func (t *Tracer) Detach() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.hooks) == 0 {
		return nil
	}
	err := t.detach()
	waitForPrograms()
	return err
}

// Close detaches every hook and frees programs and maps. It may be called more than once.
func (t *Tracer) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	errs := []error{t.detach()}
	for _, program := range t.programs {
		errs = append(errs, program.Close())
	}
	if t.dispatcher != nil {
		t.dispatcher.release(t.handlerNumber)
	}
	for _, name := range slices.Sorted(maps.Keys(t.maps)) {
		errs = append(errs, t.maps[name].Close())
	}
	return errors.Join(errs...)
}

// detach closes links side by side: the kernel waits for a grace period in each.
func (t *Tracer) detach() error {
	errs := make([]error, len(t.hooks))
	var waiting sync.WaitGroup
	for i, a := range t.hooks {
		if a.link == nil {
			continue
		}
		waiting.Go(func() { errs[i] = a.link.Close() })
	}
	waiting.Wait()
	t.hooks = nil
	return errors.Join(errs...)
}
