// SPDX-License-Identifier: Apache-2.0

// Package redaction takes secrets out of texts before they leave: command lines, labels, addresses, prose.
//
// It knows what a secret looks like, and what stands before one. It never learns, never looks anything up, and never promises to find
// a secret that looks like any other word.
package redaction
