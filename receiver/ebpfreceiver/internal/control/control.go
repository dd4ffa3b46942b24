// SPDX-License-Identifier: Apache-2.0

// Package control answers what people and programs ask of the tracers of a receiver over the control API: how
// they are, and that they be switched or set. It never touches a tracer itself, and listens nowhere.
package control

import (
	"context"
	"time"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Origin is where something that is wanted comes from.
type Origin string

// Values of Origin.
const (
	OriginConfiguration Origin = "configuration" // the collector's configuration, or its defaults
	OriginOverride      Origin = "override"      // this API
)

// Tracer is one tracer as it is at a moment.
type Tracer struct {
	Name           string      `json:"name"`
	Brief          string      `json:"brief"`
	Cost           string      `json:"cost"`
	DefaultEnabled bool        `json:"default_enabled"`
	Privileges     []Privilege `json:"privileges"`
	// Enabled is what is wanted, and EnabledFrom says by whom.
	Enabled     bool   `json:"enabled"`
	EnabledFrom Origin `json:"enabled_from"`
	// Settings are those that hold, as in the configuration.
	Settings map[string]any `json:"settings"`
	// Override is the part of all this that was chosen over this API; absent if that is nothing.
	Override map[string]any `json:"override,omitempty"`
	State    State          `json:"state"`
	// Events say what became of them since the receiver was started, by their kind.
	Events   map[string]Events `json:"events"`
	Programs []Program         `json:"programs"`
	// MapBytes is the kernel memory of the tracer's maps; 0 while it is stopped.
	MapBytes uint64 `json:"map_bytes"`
	// Custom is about a tracer that somebody else has written; nil for ours.
	Custom *Custom `json:"custom,omitempty"`
}

// Custom is what is particular to tracers of others.
type Custom struct {
	// From is "folder" or "upload".
	From    string `json:"from"`
	Version string `json:"version,omitempty"`
	Licence string `json:"licence,omitempty"`
	// Undecodable are records that fit no event of the manifest, Cut values that were longer than their bound.
	Undecodable uint64 `json:"undecodable"`
	Cut         uint64 `json:"cut"`
	// Overflowed are entries of maps beyond the bound of data points.
	Overflowed uint64     `json:"overflowed"`
	Iterators  []Iterator `json:"iterators"`
}

// Iterator is a program that runs on a timer, and not by itself.
type Iterator struct {
	Program string `json:"program"`
	// Runs came to their end, Cut were ended because they wrote too much, and Failed were broken off by the kernel.
	Runs   uint64 `json:"runs"`
	Cut    uint64 `json:"cut"`
	Failed uint64 `json:"failed"`
}

// Privilege is a Linux capability and what it is needed for.
type Privilege struct {
	Capability string `json:"capability"`
	Reason     string `json:"reason"`
}

// State is what really runs.
type State struct {
	// Status is "running", "degraded", "stopped" or "failed".
	Status string `json:"status"`
	// Reason says what is missing, or why it runs although it is not wanted; empty if nothing is to be said.
	Reason string `json:"reason,omitempty"`
	Hooks  []Hook `json:"hooks"`
	// Switched is when it was started, stopped or set last over this API, and SwitchSeconds how long that
	// took; absent if that was never.
	Switched      *time.Time `json:"switched,omitempty"`
	SwitchSeconds float64    `json:"switch_seconds,omitempty"`
}

// Hook is one place in the kernel that the tracer observes.
type Hook struct {
	Name string `json:"name"`
	// Program is the one that is attached; empty if none is.
	Program string `json:"program,omitempty"`
	// Reason says why no better program is attached, or none.
	Reason string `json:"reason,omitempty"`
}

// Events accounts for the events of one kind: offered = delivered + filtered + aggregated + held back + lost,
// apart from what is on its way.
type Events struct {
	Offered    uint64            `json:"offered"`
	Delivered  uint64            `json:"delivered"`
	Filtered   uint64            `json:"filtered"`
	Aggregated uint64            `json:"aggregated"`
	HeldBack   uint64            `json:"held_back"`
	Lost       map[string]uint64 `json:"lost"`
}

// Program is what a program in the kernel costs.
type Program struct {
	Name string `json:"name"`
	// Runs and NanosecondsPerRun are 0 while the kernel's statistics are off (program_statistics).
	Runs              uint64  `json:"runs"`
	NanosecondsPerRun float64 `json:"nanoseconds_per_run"`
	// Missed are runs that the kernel left out.
	Missed uint64 `json:"missed"`
}

// Filters are the rules that hold for all tracers.
type Filters struct {
	// Settings are those that hold, as in the section "filters" of the configuration.
	Settings map[string]any `json:"settings"`
	Override map[string]any `json:"override,omitempty"`
}

// Tracers is a receiver, as far as this package knows it. What is changed is changed when the call returns; when
// it fails, nothing is. Errors are Problems where the caller is to blame. All may be called at the same time.
type Tracers interface {
	// List returns every tracer there is, in the order of the documentation.
	List() ([]Tracer, error)
	// Change lays settings over those of the configuration: keys with null are those of the configuration again.
	// The key "enabled" is among them. A nil map takes everything back.
	Change(ctx context.Context, by controlapi.Caller, name string, override map[string]any) (Tracer, error)
	Filters() (Filters, error)
	ChangeFilters(ctx context.Context, by controlapi.Caller, override map[string]any) (Filters, error)
}

// Upload is a tracer that somebody has written and sent.
type Upload struct {
	Manifest, Object []byte
	// Signature is empty if there is none.
	Signature []byte
}

// CustomTracers is the part of a receiver that takes tracers of others. They are listed among Tracers.
type CustomTracers interface {
	// Put adds a tracer, or replaces the one of that name. wholeLog asks for all that the verifier says of a program
	// that it refuses.
	Put(ctx context.Context, by controlapi.Caller, name string, u Upload, wholeLog bool) (t Tracer, isNew bool, err error)
	// Delete stops a tracer that was uploaded, and forgets it.
	Delete(ctx context.Context, by controlapi.Caller, name string) error
	// ObjectBytesMax is how large an object may be.
	ObjectBytesMax() int64
}
