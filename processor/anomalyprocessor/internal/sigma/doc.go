// SPDX-License-Identifier: Apache-2.0

// Package sigma loads detection rules in the Sigma format as they are published, and says which of them an event
// matches.
//
// What a rule means is taken from the specification, https://github.com/SigmaHQ/sigma-specification (folder
// specification: "Sigma Rules Specification" 2.0, "Sigma Modifiers" 2.1, "Sigma Taxonomy" 2.1, "Sigma Tags" 2.1).
// Comments name the section; https://sigmahq.io/docs/basics/ is an introduction. What is not supported is refused with
// the reason, rule by rule: the package never guesses what a rule might mean, and a broken file harms no other.
//
// The package never counts, raises or writes anything, keeps nothing between events, and does not know OTLP: the
// caller fills an Event from whatever it has. A Set never changes; new rules are a new Set.
package sigma
