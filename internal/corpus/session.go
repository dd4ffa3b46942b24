// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// Phases of a corpus: what a session is for.
const (
	// Train is for learning, Calibrate to see what scores are usual.
	Train     = "train"
	Calibrate = "calibrate"
	// Test is benign, Drift is benign and of a new version, Attack has an attack in it.
	Test   = "test"
	Drift  = "drift"
	Attack = "attack"
)

// Session is a time in the life of one replica of a workload, and stands for a day.
type Session struct {
	Workload string `json:"workload"`
	Phase    string `json:"phase"`
	Version  int    `json:"version"`
	Replica  int    `json:"replica"`
	// Attack names the attack, and Gap is how far apart its steps were done, as replayed: nobody records for a week.
	Attack string        `json:"attack,omitempty"`
	Gap    time.Duration `json:"gap,omitempty"`
	Steps  []Step        `json:"steps,omitempty"`

	Logs plog.Logs `json:"-"`
}

// Step is a part of an attack, done by the processes that are named.
type Step struct {
	Name string `json:"name"`
	// Technique is the id in MITRE ATT&CK.
	Technique string `json:"technique"`
	// Decisive is said of one step: from there on it is no longer the workload's own doing, whoever looks.
	Decisive bool `json:"decisive,omitempty"`
	// First is when it began, in nanoseconds since 1970.
	First     int64     `json:"first"`
	Processes []Process `json:"processes"`
}

// Process is the key of a process: pid and time of creation, in nanoseconds since 1970.
type Process struct {
	PID     int64 `json:"pid"`
	Created int64 `json:"created"`
}

// Split says of workloads what their sessions may be used for. It is fixed: what was looked at once to choose a constant is no test any more.
type Split struct {
	// Train may be used to choose how detection works, Test for nothing but its report.
	Train []string `json:"train"`
	Test  []string `json:"test"`
}
