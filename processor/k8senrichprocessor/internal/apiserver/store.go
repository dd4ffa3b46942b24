// SPDX-License-Identifier: Apache-2.0

package apiserver

import "time"

// store is where the reflector puts items: straight into the inventory.
type store struct{ *follower }

// Add is cache.ReflectorStore.
func (s store) Add(object any) error {
	if i, ok := object.(*item); ok && i.object != nil {
		s.put(i.object, time.Now())
	}
	return nil
}

// Update is cache.ReflectorStore.
func (s store) Update(object any) error { return s.Add(object) }

// Delete is cache.ReflectorStore.
func (s store) Delete(object any) error {
	if i, ok := object.(*item); ok && i.object != nil {
		s.remove(i.object, time.Now())
	}
	return nil
}

// Replace takes everything that there is. Once every kind was taken completely, the inventory is complete: what it
// does not know isn't there.
func (s store) Replace(list []any, _ string) error {
	objects := make([]any, 0, len(list))
	for _, object := range list {
		if i, ok := object.(*item); ok && i.object != nil {
			objects = append(objects, i.object)
		}
	}
	refused := s.into.Stats().Refused[s.kind]
	now := time.Now()
	s.replace(objects, now)
	s.state.Listed(s.kind, s.into.Stats().Refused[s.kind] == refused, now)
	s.well()
	s.clock.Answered()
	if !s.into.Completed() && s.state.AllComplete() {
		s.into.SetCompleted(true)
	}
	return nil
}

// Resync is cache.ReflectorStore.
func (s store) Resync() error { return nil }
