// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// mountsOf parses what the kernel says of mounts.
func mountsOf(t *testing.T, text string) []*procfs.MountInfo {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "self"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "self", "mountinfo"), []byte(text), 0o600))
	proc, err := procfs.NewFS(folder)
	require.NoError(t, err)
	mounts, err := proc.GetMounts()
	require.NoError(t, err)
	return mounts
}

func TestFindCgroupRoot(t *testing.T) {
	const (
		v1     = "30 20 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		hybrid = "31 20 0:26 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
		part   = "32 20 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		spaced = "33 20 0:26 / /mnt/a\\040b\\134 rw - cgroup2 none rw\n"
	)
	for name, c := range map[string]struct{ mounts, want string }{
		"hybrid":                       {v1 + hybrid, "/sys/fs/cgroup/unified"},
		"the whole rather than a part": {part + hybrid, "/sys/fs/cgroup/unified"},
		"a part":                       {v1 + part, "/sys/fs/cgroup"},
		"white space":                  {spaced, `/mnt/a b\`},
	} {
		root, err := findCgroupRoot(mountsOf(t, c.mounts))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, root, name)
	}
	for _, mounts := range []string{"", v1} {
		_, err := findCgroupRoot(mountsOf(t, mounts))
		assert.ErrorIs(t, err, ErrNoCgroup2, mounts)
	}
}

func TestExplainCgroup(t *testing.T) {
	refused := fmt.Errorf("attach: %w", unix.EPERM)
	assert.ErrorIs(t, explain(explainCgroup(ebpf.CGroupSKB, refused)), ErrNoNetAdmin)
	assert.Equal(t, ErrNoNetAdmin.Error(), briefly(explain(explainCgroup(ebpf.CGroupSockAddr, refused))))
	assert.NotErrorIs(t, explain(explainCgroup(ebpf.CGroupSKB, refused)), ErrNoPermission)
	assert.ErrorIs(t, explain(explainCgroup(ebpf.Tracing, refused)), ErrNoPermission)
	assert.NoError(t, explainCgroup(ebpf.CGroupSKB, nil))
}
