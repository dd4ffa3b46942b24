// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

const mountsFile = "/proc/self/mountinfo"

// cgroupRoot is where the cgroup v2 hierarchy is mounted. Programs that are attached there run for every
// socket, also on hosts that manage their containers by the hierarchies of version 1.
func cgroupRoot() (string, error) {
	mounts, err := os.Open(mountsFile)
	if err != nil {
		return "", fmt.Errorf("find the cgroup v2 hierarchy: %w", err)
	}
	defer mounts.Close()
	return findCgroupRoot(mounts)
}

// findCgroupRoot prefers the mount of the whole hierarchy to one of a part of it, as containers have.
func findCgroupRoot(mounts io.Reader) (string, error) {
	var part string
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		// 36 35 98:0 /root /mount/point options shared:1 - cgroup2 source options
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if !strings.HasPrefix(after, "cgroup2 ") || len(fields) < 5 {
			continue
		}
		point := unescapeMount(fields[4])
		if fields[3] == "/" {
			return point, nil
		}
		if part == "" {
			part = point
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("find the cgroup v2 hierarchy: %w", err)
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
