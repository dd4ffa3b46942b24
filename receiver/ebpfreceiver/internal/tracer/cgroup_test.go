// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

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
		root, err := findCgroupRoot(strings.NewReader(c.mounts))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, root, name)
	}
	for _, mounts := range []string{"", v1, "short - cgroup2 x\n"} {
		_, err := findCgroupRoot(strings.NewReader(mounts))
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
