// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// waitForPrograms returns when every run of a program has ended that had begun before the call. Programs run
// inside of RCU read sections, and this is the system call that waits for the end of these
// (kernel/sched/membarrier.c: synchronize_rcu).
func waitForPrograms() {
	if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0); errno != 0 {
		// It is refused where processors have been set apart (nohz_full). No program takes that long.
		time.Sleep(programTimeMax)
	}
}

// membarrierGlobal is MEMBARRIER_CMD_GLOBAL of include/uapi/linux/membarrier.h.
const membarrierGlobal = 1

// programTimeMax is longer than any program of ours runs.
const programTimeMax = 20 * time.Millisecond
