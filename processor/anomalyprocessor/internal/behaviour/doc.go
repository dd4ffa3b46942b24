// SPDX-License-Identifier: Apache-2.0

// Package behaviour describes one event as detection sees it: which process of which workload did what to which object.
//
// It is a structure, its validation, and the list of what is sensitive wherever it happens. It never reads OTLP, never
// generalises, and keeps nothing.
package behaviour
