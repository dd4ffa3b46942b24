// SPDX-License-Identifier: Apache-2.0

// Package process knows who a process is: what it executes, who started it, and which container it
// belongs to.
//
// It learns from the events of the tracer "process" and from a snapshot at start. A process is named
// by its pid and start time together, and a program image by these and the number of execs before
// it; so a reused pid, or an event that overtook the exec before it, is never given a wrong name.
// Every table here is bounded and says how often its bound was hit. The package never attaches
// anything, and waits for nothing but the files that container runtimes keep.
package process
