// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNode_endsWhatRunsOnIt(t *testing.T) {
	require.NoError(t, checkMachine())
	state := t.TempDir()
	n, err := startNode(t.Context(), state, t.TempDir())
	require.NoError(t, err)
	_, err = net.InterfaceByName(hostInterface)
	require.NoError(t, err)
	require.Error(t, checkMachine(), "no second one beside it")

	c := &Cluster{options: Options{State: state}, node: n}
	// A process that nobody waits for, as those that start containers are.
	printed, err := c.Run(t.Context(), "sh", "-c", "touch /run/of-the-node; setsid sleep 1000 >/dev/null 2>&1 & echo $!")
	require.NoError(t, err)
	process := filepath.Join("/proc", strings.TrimSpace(printed))
	require.DirExists(t, process)
	require.NoFileExists(t, "/run/of-the-node")
	require.FileExists(t, c.HostPath("/run/of-the-node"))

	require.NoError(t, c.Stop())
	status, _ := os.ReadFile(process + "/stat")
	assert.NotContains(t, string(status), "(sleep) S", "it does not run any more")
	assert.NoDirExists(t, state)
	require.NoError(t, checkMachine())
	require.NoError(t, c.Stop(), "a second time")
}

func TestStart_stopsWhatHasFailed(t *testing.T) {
	folder := t.TempDir()
	// Without Kubernetes the API server can't be started.
	_, err := Start(t.Context(), Options{State: filepath.Join(folder, "state"), Logs: filepath.Join(folder, "logs")})
	require.ErrorContains(t, err, "start a cluster")
	assert.NoDirExists(t, filepath.Join(folder, "state"))
	require.NoError(t, checkMachine())
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", os.Getpid()))
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), folder)
}
