// SPDX-License-Identifier: Apache-2.0

// Package repotest holds the rules about the repository as tests: what may import what, that what is
// generated is fresh, that the builder's manifest and go.mod agree, how large the binary may become.
// Each rule is a file. A broken rule names the place and what to do about it.
//
// It holds no code of the product, and nothing imports it.
package repotest
