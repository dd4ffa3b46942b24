// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// kubernetes is what all clusters run.
var kubernetes cluster.Kubernetes

// patience bounds what a test waits for; it takes a few seconds on an idle machine.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	var err error
	if kubernetes, err = cluster.Build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// startCluster starts a cluster that is stopped at the end of the test. Logs are kept if the test fails.
func startCluster(t *testing.T, options cluster.Options) *cluster.Cluster {
	t.Helper()
	folder, err := os.MkdirTemp("", "meerkat-e2e-") //nolint:usetesting // Logs are kept if the test fails.
	require.NoError(t, err)
	options.Kubernetes = kubernetes
	options.State, options.Logs = filepath.Join(folder, "state"), filepath.Join(folder, "logs")
	started := time.Now()
	c, err := cluster.Start(t.Context(), options)
	require.NoError(t, err)
	t.Logf("the node was ready after %s", time.Since(started).Round(100*time.Millisecond))
	t.Cleanup(func() {
		started := time.Now()
		assert.NoError(t, c.Stop())
		t.Logf("the cluster was gone after %s", time.Since(started).Round(100*time.Millisecond))
		assert.NoError(t, traces(options.State))
		if t.Failed() {
			t.Logf("The logs of all components are in %s", options.Logs)
			return
		}
		assert.NoError(t, os.RemoveAll(folder))
	})
	return c
}

// traces is an error that names what is left of a cluster on this machine.
func traces(state string) error {
	var found []error
	for _, pattern := range []string{
		"/sys/fs/cgroup/kubepods", "/sys/fs/cgroup/*/kubepods", "/sys/class/net/meerkat-e2e", "/run/netns/cni-*", state,
	} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			found = append(found, fmt.Errorf("there is %s", path))
		}
	}
	return errors.Join(append(found, mentions(state)...)...)
}
