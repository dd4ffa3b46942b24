// SPDX-License-Identifier: Apache-2.0

// Package conntrack asks the kernel's connection tracking how the addresses of a connection were translated, as
// kube-proxy has them translated for Services and for what leaves a node.
//
// It only asks about one connection at a time, by its exact ends, and never lists or changes the table.
package conntrack
