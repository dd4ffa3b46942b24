// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// cgroupRoot is where the cgroup v2 hierarchy is mounted. Programs that are attached there run for every
// socket, also on hosts that manage their containers by the hierarchies of version 1.
func cgroupRoot() (string, error) {
	mounts, err := procfs.GetMounts()
	if err != nil {
		return "", fmt.Errorf("find the cgroup v2 hierarchy: %w", err)
	}
	return findCgroupRoot(mounts)
}

// findCgroupRoot prefers the mount of the whole hierarchy to one of a part of it, as containers have.
func findCgroupRoot(mounts []*procfs.MountInfo) (string, error) {
	var part string
	for _, mount := range mounts {
		if mount.FSType != "cgroup2" {
			continue
		}
		point := unescapeMount(mount.MountPoint)
		if mount.Root == "/" {
			return point, nil
		}
		if part == "" {
			part = point
		}
	}
	if part == "" {
		return "", ErrNoCgroup2
	}
	return part, nil
}

// unescapeMount resolves the octal escapes that the kernel writes for white space.
func unescapeMount(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+4 <= len(path) {
			if code, err := strconv.ParseUint(path[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}
