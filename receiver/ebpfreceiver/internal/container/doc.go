// SPDX-License-Identifier: Apache-2.0

// Package container knows containers: from the path of a cgroup, and the state that container runtimes keep on the
// host, to what is known of the container.
//
// It reads files, when it is asked to, and nothing else: it never talks to a runtime, needs no socket of one, starts
// no goroutine and keeps nothing but the files that many containers share. Each runtime has a file of its own here,
// which says where the layout is defined. What others have written into those files is bounded and never trusted.
package container
