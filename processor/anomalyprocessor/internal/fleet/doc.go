// SPDX-License-Identifier: Apache-2.0

// Package fleet knows which behaviours are normal on how many hosts, and says of an incident whether what is unusual in it for one workload is
// ordinary for the fleet.
//
// What one host shows counts once, however often it does. It keeps no text and no incident, joins nothing, reads no OTLP, starts no goroutine, and its
// time is the caller's. It never makes an incident out of anything: it can only make one less urgent.
package fleet
