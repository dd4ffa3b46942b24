// SPDX-License-Identifier: Apache-2.0

// Package chain joins incidents of different hosts and workloads into chains: along connections of which both ends are part of an incident, and those
// that consist of the same behaviours on another host.
//
// It guesses nothing: where two incidents could be the cause of a third, none is. It judges no incident, reads no OTLP, starts no goroutine, and its
// time is the caller's.
package chain
