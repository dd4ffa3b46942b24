// SPDX-License-Identifier: Apache-2.0

// Command compat is built for the 32-bit architecture beside the one that is tested, and makes system
// calls of every kind that has another number there. Its argument is a folder to work in.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(os.Getpid())
}

func run(folder string) error {
	created, renamed := filepath.Join(folder, "created"), filepath.Join(folder, "renamed")
	if err := os.WriteFile(created, []byte("one"), 0o640); err != nil {
		return err
	}
	if err := syscall.Chmod(created, 0o600); err != nil {
		return err
	}
	if err := syscall.Lchown(created, 12, 34); err != nil {
		return err
	}
	if err := os.Rename(created, renamed); err != nil {
		return err
	}
	if err := os.Remove(renamed); err != nil {
		return err
	}
	return syscall.Setresuid(11, 12, 13)
}
