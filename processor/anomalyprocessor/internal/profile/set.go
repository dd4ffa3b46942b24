// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"sync"
	"sync/atomic"
)

// sharesMin is for how many workloads there is room in any case.
const sharesMin = 512

// Set holds the profiles of all workloads within one limit. It is safe for concurrent use.
type Set struct {
	// Forgotten is told of each profile that is forgotten for want of room, or reset, by whoever owns it at that moment; it must not use the Set.
	// It has to be set before the first use.
	Forgotten func(*Profile)

	limits Limits
	bytes  atomic.Int64
	// denied counts how often a profile could not grow because all of them together are at the limit.
	denied atomic.Uint64

	mu       sync.Mutex
	profiles map[string]*Profile
	uses     uint64
	// forgotten counts profiles that were forgotten for want of room.
	forgotten uint64
}

// NewSet returns a set without profiles.
func NewSet(limits Limits) (*Set, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	return &Set{limits: limits, profiles: map[string]*Profile{}, Forgotten: func(*Profile) {}}, nil
}

// SetStats tells how large a set is, and which limits were hit.
type SetStats struct {
	Profiles  int
	Bytes     int64
	Forgotten uint64
	Denied    uint64
}

// Stats returns the present figures.
func (s *Set) Stats() SetStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SetStats{Profiles: len(s.profiles), Bytes: s.bytes.Load(), Forgotten: s.forgotten, Denied: s.denied.Load()}
}

// Acquire makes the caller the owner of the profile of a workload, until Release. If there is none yet, it is made; if there is no room
// for it, the profile that was not used for the longest time is forgotten. While it owns one profile, a goroutine must not acquire another.
func (s *Set) Acquire(workload string) *Profile {
	for {
		p := s.lookUp(workload)
		p.mu.Lock()
		if !p.gone {
			return p
		}
		p.mu.Unlock() // forgotten between the two locks
	}
}

// AcquireKnown is Acquire for a workload that has a profile, and nil for others. It does not count as use.
func (s *Set) AcquireKnown(workload string) *Profile {
	s.mu.Lock()
	p, ok := s.profiles[workload]
	s.mu.Unlock()
	if !ok {
		return nil
	}
	p.mu.Lock()
	if p.gone {
		p.mu.Unlock()
		return nil
	}
	return p
}

// Release ends the ownership.
func (p *Profile) Release() { p.mu.Unlock() }

func (s *Set) lookUp(workload string) *Profile {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uses++
	p, ok := s.profiles[workload]
	if !ok {
		s.makeRoom()
		p = newProfile(workload, s.limits, s.grow)
		s.bytes.Add(int64(p.bytes()))
		s.profiles[p.workload] = p
	}
	p.used = s.uses
	return p
}

// grow lets a profile have more bytes, as long as all together stay within the limit. So that the first workloads do not take all,
// no profile grows into the last eighth, which is for new ones, and none beyond its share into the last quarter.
func (s *Set) grow(now, more int) bool {
	total := int64(s.limits.TotalBytesMax)
	most := total / 8 * 7
	if now+more > s.limits.TotalBytesMax/sharesMin {
		most = total / 4 * 3
	}
	if s.bytes.Add(int64(more)) > most && more > 0 {
		s.bytes.Add(-int64(more))
		s.denied.Add(1)
		return false
	}
	return true
}

// makeRoom forgets profiles until a new one has room.
func (s *Set) makeRoom() {
	least := int64(fixedBytes + slotsMin*nodeBytes)
	for len(s.profiles) > 0 && (len(s.profiles) >= s.limits.ProfilesMax || s.bytes.Load()+least > int64(s.limits.TotalBytesMax)) {
		var oldest *Profile
		for _, p := range s.profiles {
			if oldest == nil || p.used < oldest.used {
				oldest = p
			}
		}
		s.forget(oldest)
		s.forgotten++
	}
}

// forget takes a profile out. Whoever owns it at the moment finishes with it before.
func (s *Set) forget(p *Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	s.bytes.Add(-int64(p.bytes()))
	delete(s.profiles, p.workload)
	s.Forgotten(p)
}

// Each owns one profile after the other for the time of a call, in no order. It does not count as use.
func (s *Set) Each(call func(*Profile)) {
	s.mu.Lock()
	all := make([]*Profile, 0, len(s.profiles))
	for _, p := range s.profiles {
		all = append(all, p)
	}
	s.mu.Unlock()
	for _, p := range all {
		p.mu.Lock()
		if !p.gone {
			call(p)
		}
		p.mu.Unlock()
	}
}

// Reset forgets what was learned about a workload, and tells whether there was anything.
func (s *Set) Reset(workload string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.profiles[workload]
	if ok {
		s.forget(p)
	}
	return ok
}

// Workloads returns the workloads that have a profile, in no order.
func (s *Set) Workloads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]string, 0, len(s.profiles))
	for workload := range s.profiles {
		all = append(all, workload)
	}
	return all
}
