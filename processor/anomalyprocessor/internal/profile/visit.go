// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"fmt"
)

// ErrWorkload is what ImportFor says about a workload that can't have a profile.
var ErrWorkload = errors.New("not the key of a workload")

// Find owns the profile of a workload for the time of a call, and returns false if there is none. Unlike Acquire it makes none, and does
// not count as use.
func (s *Set) Find(workload string, call func(*Profile)) bool {
	s.mu.Lock()
	p, ok := s.profiles[workload]
	s.mu.Unlock()
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return false
	}
	call(p)
	return true
}

// Uses returns of all workloads that have a profile a number that grows with each use: what was used later has a higher one, and what was
// not used since has the same.
func (s *Set) Uses() map[string]uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	uses := make(map[string]uint64, len(s.profiles))
	for workload, p := range s.profiles {
		uses[workload] = p.used
	}
	return uses
}

// Import takes in a profile that was exported, for the workload it is of. If there is one already, both become one.
func (s *Set) Import(data []byte) error {
	imported, err := Decode(data, s.limits)
	if err != nil {
		return err
	}
	s.merge(imported.workload, imported)
	return nil
}

// ImportFor is as Import, for another workload than the one that the profile is of. The error wraps ErrDamaged, ErrVersion or ErrWorkload.
func (s *Set) ImportFor(workload string, data []byte) error {
	if workload == "" || len(workload) > WorkloadBytesMax {
		return fmt.Errorf("%w: %d bytes: give 1 to %d, such as shop/deployment/web/app", ErrWorkload, len(workload), WorkloadBytesMax)
	}
	imported, err := Decode(data, s.limits)
	if err != nil {
		return err
	}
	s.merge(workload, imported)
	return nil
}

func (s *Set) merge(workload string, imported *Profile) {
	p := s.Acquire(workload)
	defer p.Release()
	p.Merge(imported)
}
