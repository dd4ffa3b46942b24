// SPDX-License-Identifier: Apache-2.0

package decode

import "unsafe"

// Pair is an event that has a second process, such as the target of a signal.
type Pair interface {
	Event
	// Other returns what the kernel half wrote of the second process. Of it, only what tells who the
	// process is means anything.
	Other() *Header
}

// headerOf takes the header type that an object has of its own for a Header; a test compares them.
func headerOf[T any](h *T) *Header { return (*Header)(unsafe.Pointer(h)) }

// Elsewhere is an event that names a cgroup in which neither of its processes need be.
type Elsewhere interface {
	Event
	// OtherCgroup returns the cgroup's id, 0 for none.
	OtherCgroup() uint64
}
