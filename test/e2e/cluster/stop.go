// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Stop kills everything that runs on the node, for nothing of it is needed any more, and returns when nothing is left but the logs.
// A cluster that was stopped may be stopped again. If a test ends without it, the node ends all the same, but for the folder
// with its state.
func (c *Cluster) Stop() error {
	var failed error
	if c.node != nil {
		failed = c.node.stop()
	}
	for _, p := range c.components {
		// It was killed, unless what kills has failed.
		failed = errors.Join(failed, p.kill())
	}
	c.components = nil
	if failed = errors.Join(failed, os.RemoveAll(c.options.State)); failed != nil {
		return fmt.Errorf("stop the cluster: %w; see the logs in %s", failed, c.options.Logs)
	}
	return nil
}

// stop lets the node's first process end all others.
func (n *node) stop() error {
	if err := n.life.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	deadline := time.After(stopTimeout)
	select {
	case <-n.keeper.ended:
	case <-deadline:
		return errors.Join(errors.New("some processes of the node don't end"), n.keeper.kill())
	}
	// The kernel takes the interfaces of a network down a moment after its last process has ended.
	for {
		left := traces()
		if len(left) == 0 {
			return nil
		}
		select {
		case <-deadline:
			return fmt.Errorf("this is left: %s", left)
		case <-time.After(pollEvery):
		}
	}
}

// traces are what tells that a cluster runs on this machine, or that one was not stopped well.
func traces() []string {
	var found []string
	for _, pattern := range []string{
		"/sys/fs/cgroup/kubepods", "/sys/fs/cgroup/*/kubepods", filepath.Join("/sys/class/net", hostInterface),
	} {
		paths, _ := filepath.Glob(pattern)
		found = append(found, paths...)
	}
	return found
}
