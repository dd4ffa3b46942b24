// SPDX-License-Identifier: Apache-2.0

// Package sourcestate holds what a source says of itself while it fills the inventory: how it stands with each kind
// of objects, when it last heard of it, and what went wrong how often.
//
// It never logs and never measures; others read it for that.
package sourcestate

import (
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"time"
)

// Phase is what a source does about a kind of objects.
type Phase string

// Phases. A source that can't go on tries again all the time.
const (
	Starting     Phase = "starting"
	Listing      Phase = "listing"
	Watching     Phase = "watching"
	Disconnected Phase = "disconnected"
	// Forbidden is for lack of rights, and for credentials that nobody accepts.
	Forbidden Phase = "forbidden"
)

// Reason is why something went wrong. There are no others, so that they can be attributes of a metric.
type Reason string

// Reasons.
const (
	ReasonForbidden       Reason = "forbidden"
	ReasonUnauthorized    Reason = "unauthorized"
	ReasonExpired         Reason = "expired" // 410: what it wanted to go on from is no longer there
	ReasonTooManyRequests Reason = "too_many_requests"
	ReasonServer          Reason = "server"
	ReasonTimeout         Reason = "timeout"
	ReasonUnreachable     Reason = "unreachable"
	ReasonCut             Reason = "cut" // the answer ended before its end
	ReasonTooLarge        Reason = "too_large"
	ReasonUnreadable      Reason = "unreadable"
	ReasonNotFound        Reason = "not_found"
	ReasonOther           Reason = "other"
)

// errorBytesMax bounds the text of an error that is kept.
const errorBytesMax = 512

// Kind is how a source stands with one kind of objects.
type Kind struct {
	// Kind is as in package inventory.
	Kind  string
	Phase Phase
	// Complete is true once the inventory has held everything of a list.
	Complete bool
	// LastHeard is when something of it came last: a list, an event or a bookmark. Zero if nothing did.
	LastHeard time.Time
	// Lists and Watches count requests; Restarts counts lists that became necessary again.
	Lists, Watches, Restarts uint64
	// Events and Bookmarks count what watches told; Unusable counts objects that can't be told from others.
	Events, Bookmarks, Unusable uint64
	Errors                      map[Reason]uint64
	// LastError is empty while all is well.
	LastError string
}

// Recorder is written by a source and read by whoever wants to know. It is safe for use by several goroutines.
type Recorder struct {
	mu    sync.Mutex
	order []string
	kinds map[string]*record
}

type record struct {
	Kind
	// trouble is the reason that was told of last, empty while all is well.
	trouble Reason
	listed  bool
}

// New returns a recorder for kinds of objects, in an order that Snapshot keeps.
func New(kinds ...string) *Recorder {
	r := &Recorder{order: kinds, kinds: map[string]*record{}}
	for _, kind := range kinds {
		r.kinds[kind] = &record{Kind: Kind{Kind: kind, Phase: Starting, Errors: map[Reason]uint64{}}}
	}
	return r
}

// Snapshot returns the state of all kinds.
func (r *Recorder) Snapshot() []Kind {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Kind, 0, len(r.order))
	for _, kind := range r.order {
		state := r.kinds[kind].Kind
		state.Errors = maps.Clone(state.Errors)
		all = append(all, state)
	}
	return all
}

// Requested notes that a list or a watch is asked for.
func (r *Recorder) Requested(kind string, list bool) {
	r.with(kind, func(k *record) {
		if list {
			k.Lists++
		} else {
			k.Watches++
		}
	})
}

// Listing notes that everything of a kind is being read, once more if it was before.
func (r *Recorder) Listing(kind string) {
	r.with(kind, func(k *record) {
		if k.listed {
			k.Restarts++
			k.listed = false
		}
		if k.trouble == "" {
			k.Phase = Listing
		}
	})
}

// Listed notes that everything of a kind was read and put. It is complete if nothing was refused.
func (r *Recorder) Listed(kind string, complete bool, now time.Time) {
	r.with(kind, func(k *record) {
		k.listed = true
		k.Complete = k.Complete || complete
		k.LastHeard = now
	})
}

// Heard notes events of a watch.
func (r *Recorder) Heard(kind string, bookmark bool, now time.Time) {
	r.with(kind, func(k *record) {
		if bookmark {
			k.Bookmarks++
		} else {
			k.Events++
		}
		k.LastHeard = now
	})
}

// Unusable notes an object that can't be told from others.
func (r *Recorder) Unusable(kind string) { r.with(kind, func(k *record) { k.Unusable++ }) }

// Well notes that a kind is followed. It returns true if it was not before, for trouble that was told of.
func (r *Recorder) Well(kind string) (recovered bool) {
	r.with(kind, func(k *record) {
		recovered = k.trouble != ""
		k.trouble, k.LastError, k.Phase = "", "", Watching
	})
	return recovered
}

// Failed notes what went wrong. It returns true if this is news: the same trouble again is not.
func (r *Recorder) Failed(kind string, reason Reason, err error) (news bool) {
	r.with(kind, func(k *record) {
		k.Errors[reason]++
		news = k.trouble != reason
		k.trouble, k.Phase = reason, Disconnected
		if reason == ReasonForbidden || reason == ReasonUnauthorized {
			k.Phase = Forbidden
		}
		k.LastError = Shorten(err)
	})
	return news
}

// Noted counts what is usual, such as that a source must list again after a pause. That is no trouble.
func (r *Recorder) Noted(kind string, reason Reason) {
	r.with(kind, func(k *record) { k.Errors[reason]++ })
}

// Cut notes that a watch ended too early. Whether that is trouble, the next request tells.
func (r *Recorder) Cut(kind string) {
	r.with(kind, func(k *record) {
		k.Errors[ReasonCut]++
		k.Phase = Disconnected
	})
}

// Shorten returns the text of an error, as much as is kept: others write a part of it.
func Shorten(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), errorBytesMax)], "")
}

// Unreachable tells whether an error is of the way to the other side: its name, a connection, its certificate.
func Unreachable(err error) bool {
	var operation *net.OpError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &operation) || errors.As(err, &name) || errors.As(err, &certificate)
}

// AllComplete tells whether the inventory has held everything of a list of every kind.
func (r *Recorder) AllComplete() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.kinds {
		if !k.Complete {
			return false
		}
	}
	return true
}

func (r *Recorder) with(kind string, f func(*record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kinds[kind]; ok {
		f(k)
	}
}
