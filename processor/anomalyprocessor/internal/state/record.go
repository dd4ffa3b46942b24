// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Part is one of the entries of a workload.
type Part uint8

// Parts.
const (
	ProfilePart Part = iota
	IncidentsPart
	Parts
)

var partNames = [Parts]string{"profile", "incidents"}

// String is the name of the part in keys.
func (p Part) String() string {
	if p >= Parts {
		return "unknown"
	}
	return partNames[p]
}

// record is what is known of the entries of a workload.
type record struct {
	// used orders workloads by when they were used last.
	used  uint64
	parts [Parts]entry
	// unread tells that the entries are in the storage and nobody has read them yet.
	unread bool
}

// entry is what is in the storage under one key. No bytes are no entry.
type entry struct {
	sum   uint64
	bytes int
}

func entryOf(data []byte) entry {
	if len(data) == 0 {
		return entry{}
	}
	return entry{xxhash.Sum64(data), len(data)}
}

// page is a part of the index, in the form in which it is written.
type page struct {
	Workloads []listed `json:"workloads"`
}

type listed struct {
	Workload string `json:"workload"`
	Used     uint64 `json:"used"`
}

// hashOf is under which name the entries of a workload are kept; a storage may not take any text as a key.
func hashOf(workload string) [sha256.Size]byte { return sha256.Sum256([]byte(workload)) }

func pageOf(workload string) int {
	hash := hashOf(workload)
	return int(hash[0]) % pages
}

func keyOf(workload string, part Part) string {
	hash := hashOf(workload)
	return part.String() + "/" + hex.EncodeToString(hash[:16])
}

func pageKey(number int) string { return fmt.Sprintf("index/%02x", number) }

// pageWith returns a page as it is with what is to be written. What has no room any more is named by the error.
func (s *Store) pageWith(number int) ([]byte, error) {
	var p page
	for workload, r := range s.records[number] {
		if changed, ok := s.staged[workload]; ok {
			r = changed
		}
		if r != nil {
			p.Workloads = append(p.Workloads, listed{workload, r.used})
		}
	}
	for workload, r := range s.staged {
		if _, known := s.records[number][workload]; !known && r != nil && pageOf(workload) == number {
			p.Workloads = append(p.Workloads, listed{workload, r.used})
		}
	}
	slices.SortFunc(p.Workloads, func(a, b listed) int { return cmp.Or(cmp.Compare(a.Used, b.Used), cmp.Compare(a.Workload, b.Workload)) })
	return seal(kindPage, &p, pageBytesMax)
}
