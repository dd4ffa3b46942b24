// SPDX-License-Identifier: Apache-2.0

//go:build unix

package controlapiextension

import (
	"fmt"
	"os"
	"syscall"
)

// openOwn opens a file of which this user, or root, is the owner, and that is no link to one.
func openOwn(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		_ = f.Close()
		return nil, fmt.Errorf("%s belongs to user %d, who may know what is in it: remove it, or name another file in generated_token_file", name, stat.Uid)
	}
	return f, nil
}
