// SPDX-License-Identifier: Apache-2.0

// Package rules has Meerkat's own detection rules in the Sigma format, as files that are part of the binary. It holds
// them and does nothing else: it neither reads nor checks them, and never has rules of others.
package rules

import "embed"

// Files are the rules, each a .yml file in the root.
//
//go:embed *.yml
var Files embed.FS
