// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bufio"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// useMemory is a role: it uses as many MiB as it is told by the first argument and shares as many as by
// the second, with the third as its oom_score_adj. Each line that it reads tells how many more MiB to use.
func useMemory(arguments []string) error {
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte(arguments[2]), 0); err != nil {
		return err
	}
	for i, flags := range []int{unix.MAP_PRIVATE, unix.MAP_SHARED} {
		if err := touch(arguments[i], flags); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := touch(lines.Text(), unix.MAP_PRIVATE); err != nil {
			return err
		}
	}
	return lines.Err()
}

// touch maps so many MiB and uses each page of them.
func touch(mebibytes string, flags int) error {
	count, err := strconv.Atoi(mebibytes)
	if err != nil || count == 0 {
		return err
	}
	memory, err := unix.Mmap(-1, 0, count<<20, unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	// A large page would come as a whole, and leave less to see.
	if err := unix.Madvise(memory, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL {
		return err
	}
	for at := 0; at < len(memory); at += os.Getpagesize() {
		memory[at] = 1
	}
	return nil
}
