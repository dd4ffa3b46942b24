// SPDX-License-Identifier: Apache-2.0

// Package control answers what people and programs ask of the processor "anomaly" over the control API: what is learned of each workload, which
// incidents there are, what they say of them, and which rules are in use. It never touches a profile itself, knows no OTLP, and listens nowhere.
package control

import (
	"context"
	"time"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// Profile is what is learned of one workload, as it is at a moment.
type Profile struct {
	// ID is the name of the profile in addresses: a hash of the workload, which may have slashes.
	ID       string `json:"id"`
	Workload string `json:"workload"`
	// State is "learning", "watching" or "drifting".
	State    string   `json:"state"`
	Learning Learning `json:"learning"`
	Events   uint64   `json:"events"`
	Nodes    int      `json:"nodes"`
	Bytes    int      `json:"bytes"`
	// Replicas is an estimate, 64 at most.
	Replicas int `json:"replicas"`
	Versions int `json:"versions"`
	// Evicted counts nodes that were forgotten for want of room.
	Evicted       uint64 `json:"evicted"`
	IncidentsOpen int    `json:"incidents_open"`
}

// Learning tells how far a profile is with a workload, or with a new version of it.
type Learning struct {
	// Progress is between 0 and 1. It may go back.
	Progress float64 `json:"progress"`
	// RemainingSeconds is an estimate of how long it takes still.
	RemainingSeconds float64 `json:"remaining_seconds"`
	// WaitsFor says in a sentence what for; empty if for nothing.
	WaitsFor        string  `json:"waits_for,omitempty"`
	ObservedSeconds float64 `json:"observed_seconds"`
	// NewPerThousand is how many of 1,000 events were new behaviours lately, Settled whether that has been few for long enough.
	NewPerThousand float64 `json:"new_per_thousand"`
	Settled        bool    `json:"settled"`
}

// ProfileDetails is everything about a profile.
type ProfileDetails struct {
	Profile
	BytesMax      int    `json:"bytes_max"`
	ProcessStarts uint64 `json:"process_starts"`
	ClockJumps    uint32 `json:"clock_jumps"`
	// NodesKnown are normal, NodesMarked were part of an incident, NodesForbidden are malicious by a verdict; the others are on probation.
	NodesKnown     int `json:"nodes_known"`
	NodesMarked    int `json:"nodes_marked"`
	NodesForbidden int `json:"nodes_forbidden"`
	// Surprising counts events that were.
	Surprising uint64 `json:"surprising"`
	// Incidents are those that are remembered, the latest first.
	Incidents []Incident `json:"incidents"`
}

// Incident is the short form of an incident.
type Incident struct {
	ID        string `json:"id"`
	Workload  string `json:"workload"`
	ProfileID string `json:"profile_id"`
	// State is "open" or "closed".
	State string `json:"state"`
	// Severity is "warn", "error" or "fatal".
	Severity string    `json:"severity"`
	Score    float64   `json:"score"`
	Opened   time.Time `json:"opened"`
	Last     time.Time `json:"last"`
	Steps    int       `json:"steps"`
	Events   uint64    `json:"events"`
	Merged   uint64    `json:"merged"`
	// Verdict is absent if nobody has said anything.
	Verdict *Verdict `json:"verdict,omitempty"`
}

// Verdict is what somebody has said about an incident.
type Verdict struct {
	Verdict string    `json:"verdict"`
	Comment string    `json:"comment,omitempty"`
	By      string    `json:"by,omitempty"`
	At      time.Time `json:"at"`
}

// IncidentDetails has all that the log record of an incident has.
type IncidentDetails struct {
	Incident
	Body       string         `json:"body"`
	Resource   map[string]any `json:"resource"`
	Attributes map[string]any `json:"attributes"`
}

// Judgement is a verdict that somebody gives.
type Judgement struct {
	// Benign is false for malicious.
	Benign  bool
	Comment string
	// Close ends an incident that is malicious. One that is benign always ends.
	Close bool
}

// Rule is a rule that was read.
type Rule struct {
	// ID is the name of the rule in addresses: its id, or a hash of where it lies if it has none.
	ID     string `json:"id"`
	Title  string `json:"title"`
	Source string `json:"source"`
	File   string `json:"file"`
	Level  string `json:"level"`
	// Category is what kind of event it is about.
	Category string `json:"category"`
	Enabled  bool   `json:"enabled"`
	// EnabledFrom is "configuration" or "override", which is this API.
	EnabledFrom string `json:"enabled_from"`
	// Hits counts events that it matched while it was in use.
	Hits uint64 `json:"hits"`
}

// RefusedRule is a file of which no rule is in use.
type RefusedRule struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Title  string `json:"title,omitempty"`
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
}

// Loaded tells what was read of rules.
type Loaded struct {
	At    time.Time `json:"loaded"`
	Files int       `json:"files"`
	Rules int       `json:"rules_loaded"`
	// Refused is how many files have no rule that can be used.
	Refused int `json:"files_refused"`
}

// Pages of lists, each with where the next one begins; empty if there is none.
type (
	// Profiles are in the order of workloads.
	Profiles struct {
		Profiles []Profile `json:"profiles"`
		Next     string    `json:"next,omitempty"`
	}
	// Incidents begin with the one that was opened last.
	Incidents struct {
		Incidents []Incident `json:"incidents"`
		Next      string     `json:"next,omitempty"`
	}
	// Rules are in the order of sources and files. The first page has the files that were refused too, as far as there is room.
	Rules struct {
		Loaded
		List    []Rule        `json:"rules"`
		Refusal []RefusedRule `json:"refused"`
		Next    string        `json:"next,omitempty"`
	}
)

// Page says which part of a list is wanted.
type Page struct {
	Limit int
	// After is the Next of the page before, empty for the first.
	After string
	// Workload, State and Severity are what all of the list have, as far as they are given.
	Workload, State, Severity string
}

// Detection is a processor, as far as this package knows it. What is changed is changed when the call returns; when it fails, nothing is. Errors
// are Problems where the caller is to blame. All may be called at the same time.
type Detection interface {
	Profiles(Page) Profiles
	Profile(id string) (ProfileDetails, error)
	ResetProfile(ctx context.Context, by controlapi.Caller, id string) error
	ExportProfile(id string) ([]byte, error)
	// Policy returns a policy of a kind ("seccomp", "capabilities", "network") with its content type. Force makes it of what is known by now.
	Policy(id, kind string, force bool) ([]byte, string, error)
	// ImportProfile takes in a profile for a workload, empty for the one that it was exported of.
	ImportProfile(ctx context.Context, by controlapi.Caller, workload string, data []byte) (ProfileDetails, error)
	// ImportBytesMax is how large a profile may be.
	ImportBytesMax() int64

	Incidents(Page) (Incidents, error)
	Incident(id string) (IncidentDetails, error)
	Judge(ctx context.Context, by controlapi.Caller, id string, j Judgement) (IncidentDetails, error)

	Rules(Page) (Rules, error)
	// ChangeRule switches a rule, nil for what the configuration says.
	ChangeRule(ctx context.Context, by controlapi.Caller, id string, enabled *bool) (Rule, error)
	ReloadRules(ctx context.Context, by controlapi.Caller) (Loaded, error)
}
