// SPDX-License-Identifier: Apache-2.0

// Package dns parses messages of the domain name system, matches queries with their answers, and remembers
// which name each workload found an address by.
//
// Whatever it reads may have been made by somebody hostile: a message that is not well formed in every
// part that is read is counted and otherwise ignored, names are escaped, and every table is bounded in entries and in
// bytes. It does no input or output and starts nothing.
package dns
