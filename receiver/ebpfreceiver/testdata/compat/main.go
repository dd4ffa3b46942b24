// SPDX-License-Identifier: Apache-2.0

// Command compat is built for the 32-bit architecture beside the one that is tested, and makes system
// calls of every kind that has another number there. Its arguments are what to use, files, sockets, ipc, ids or
// injection, and a folder to work in.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	var err error
	switch what := os.Args[1]; what {
	case "files":
		err = files(os.Args[2])
	case "sockets":
		err = sockets()
	case "injection":
		err = inject(os.Args[2])
	case "ipc":
		err = ipc(os.Args[2])
	case "ids":
		fmt.Println(os.Getpid())
		err = syscall.Setresuid(11, 12, 13)
	default:
		err = fmt.Errorf("nothing is known of %q", what)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func files(folder string) error {
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
	fmt.Println(os.Getpid())
	return os.Remove(renamed)
}
