// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mentions finds mounts of a folder, in whichever namespace, and processes with something of it on their command line.
func mentions(folder string) []error {
	var found []error
	own := fmt.Sprintf("/proc/%d/", os.Getpid())
	for _, pattern := range []string{"/proc/[0-9]*/mountinfo", "/proc/[0-9]*/cmdline"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err == nil && strings.Contains(string(content), folder) && path != own+"cmdline" {
				found = append(found, fmt.Errorf("%s mentions %s", path, folder))
			}
		}
	}
	return found
}
