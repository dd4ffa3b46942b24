// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// inject does what the tracer "injection" reports. The process is its own victim.
func inject(folder string) error {
	fmt.Println(os.Getpid())
	if _, err := unix.MemfdCreate("payload", 0); err != nil {
		return err
	}
	content := []byte("x")
	local := []unix.Iovec{{Base: &content[0]}}
	local[0].SetLen(len(content))
	// Nothing is mapped there.
	if _, err := unix.ProcessVMWritev(os.Getpid(), local, []unix.RemoteIovec{{Base: 8, Len: len(content)}}, 0); !errors.Is(err, unix.EFAULT) {
		return fmt.Errorf("write to memory that is not there: %w", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "etc"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "etc", "ld.so.preload"), nil, 0o644)
}
