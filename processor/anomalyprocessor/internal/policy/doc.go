// SPDX-License-Identifier: Apache-2.0

// Package policy makes documents of what a workload normally does that let the kernel and the cluster refuse everything else: a seccomp profile,
// a list of capabilities, a NetworkPolicy.
//
// Facts in, documents out: it never asks anybody, applies nothing, and never takes away what nobody watched. What it can't express it says, and
// refuses, unless it is told to leave it out.
package policy
