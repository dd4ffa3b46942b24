// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// removeLeftovers takes away what a recording leaves: at the end, and before the next one if a recording was killed. What is not there is
// no error.
func removeLeftovers() {
	left, _ := os.ReadDir(runcState())
	for _, entry := range left {
		_ = exec.Command("runc", "--root", runcState(), "delete", "--force", entry.Name()).Run()
	}
	run := filepath.Join(workFolder, "run")
	mounts, _ := os.ReadFile("/proc/self/mounts")
	lines := strings.Split(string(mounts), "\n")
	for _, line := range slices.Backward(lines) {
		if fields := strings.Fields(line); len(fields) > 1 && (fields[1] == run || strings.HasPrefix(fields[1], run+"/")) {
			_ = unix.Unmount(fields[1], unix.MNT_DETACH)
		}
	}
	namespaces, _ := filepath.Glob("/run/netns/corpus-*")
	for _, namespace := range append(namespaces, outsideName) {
		_ = exec.Command("ip", "netns", "delete", filepath.Base(namespace)).Run()
	}
	removeCgroups()
}

// removeCgroups removes what is left of the containers' cgroups: the runtime removes their own, not those above.
func removeCgroups() {
	tops, _ := filepath.Glob("/sys/fs/cgroup/*" + cgroupTop)
	for _, top := range append(tops, "/sys/fs/cgroup"+cgroupTop) {
		var folders []string
		_ = filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil
		})
		for _, folder := range slices.Backward(folders) {
			_ = os.Remove(folder)
		}
	}
}
