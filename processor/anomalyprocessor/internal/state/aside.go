// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const asideKey = "aside"

// asides says what is set aside, the oldest first.
type asides struct {
	Entries []Aside `json:"entries"`
}

// Aside is an entry that was set aside, as it was found.
type Aside struct {
	// Key is where it is now, Was where it was.
	Key string `json:"key"`
	Was string `json:"was"`
	// Workload is empty for a page of the index.
	Workload string `json:"workload,omitempty"`
	Reason   string `json:"reason"`
}

// SetAside puts an entry that can't be read under another key, which it returns. What is known of the workload later is written in its place.
// If that fails, the workload is unread again.
func (s *Store) SetAside(ctx context.Context, workload string, part Part, data []byte, reason error) (string, error) {
	key, err := s.setAside(ctx, Aside{Was: keyOf(workload, part), Workload: workload}, data, reason)
	if r := s.records[pageOf(workload)][workload]; r != nil {
		s.forgetParts(r, part, err != nil)
	}
	return key, err
}

// forgetParts takes the entry of one part of a record for one that is not there, or all of them for unread.
func (s *Store) forgetParts(r *record, one Part, unread bool) {
	for part := range Parts {
		if part == one || unread {
			s.count(r.parts[part], -1)
			r.parts[part] = entry{}
		}
	}
	r.unread = unread
}

func (s *Store) setAside(ctx context.Context, a Aside, data []byte, reason error) (string, error) {
	// The same content has the same name, and takes no room twice.
	hash := sha256.Sum256(append([]byte(a.Was+"\x00"), data...))
	a.Key = "aside/" + hex.EncodeToString(hash[:16])
	a.Reason = strings.ToValidUTF8(reason.Error()[:min(len(reason.Error()), reasonBytesMax)], "\uFFFD")
	entries := append(slices.DeleteFunc(slices.Clone(s.aside.Entries), func(other Aside) bool { return other.Key == a.Key }), a)
	ops := []*storage.Operation{storage.SetOperation(a.Key, data), storage.DeleteOperation(a.Was)}
	for len(entries) > asideMax {
		ops = append(ops, storage.DeleteOperation(entries[0].Key))
		entries = entries[1:]
	}
	list, err := seal(kindAside, &asides{entries}, pageBytesMax)
	if err != nil {
		return "", err
	}
	if err := s.client.Batch(ctx, append(ops, storage.SetOperation(asideKey, list))...); err != nil {
		s.stats.WriteFailures.Add(1)
		return "", fmt.Errorf("set aside %s: %w", a.Was, err)
	}
	s.aside.Entries = entries
	s.stats.Aside.Add(1)
	return a.Key, nil
}

// Asides returns what is set aside, the oldest first.
func (s *Store) Asides() []Aside { return s.aside.Entries }

// openAsides reads what is set aside. If the list of it can't be read, it begins anew: what it named stays where it is.
func (s *Store) openAsides(ctx context.Context) error {
	data, err := s.client.Get(ctx, asideKey)
	if err != nil || len(data) == 0 {
		return err
	}
	err = open(kindAside, data, &s.aside, pageBytesMax)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrVersion) {
		s.aside = asides{}
		s.logger.Warn("The list of damaged entries is damaged itself; a new one is begun", zap.Error(err))
	}
	return nil
}
