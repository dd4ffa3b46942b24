// SPDX-License-Identifier: Apache-2.0

// Package inventory is what the processor knows of a cluster: pods by their UID, by the ids of their containers
// and by who had an address when; Services and nodes by their addresses. It is bounded in entries and bytes.
//
// It never talks to anybody, and it never guesses: where two pods may have had an address at a time, it says so.
package inventory
