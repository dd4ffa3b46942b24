// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Names of components, which their logs have too.
const (
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	schedulerName     = "kube-scheduler"
	kubeletName       = "kubelet"
	proxyName         = "kube-proxy"
	etcdName          = "etcd"
	containerdName    = "containerd"
	nodeProcess       = "node"
)

// component is a process of the node.
type component struct {
	name    string
	command *exec.Cmd
	// ended is closed when it has ended.
	ended chan struct{}
}

// startComponent starts a command, whose log is added to that of one that ran before. It reads from a file, or nothing.
func startComponent(name, logs string, input *os.File, arguments ...string) (*component, error) {
	log, err := os.OpenFile(filepath.Join(logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	p := &component{name: name, command: exec.Command(arguments[0], arguments[1:]...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = log, log
	if input != nil {
		p.command.Stdin = input
	}
	// Signals of a terminal are for the test. The node's first process ends the components if the test can't.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := errors.Join(p.command.Start(), log.Close()); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait()
	}()
	return p, nil
}

func (p *component) pid() int { return p.command.Process.Pid }

func (p *component) kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	<-p.ended
	return nil
}

// run starts a component on the node. The first argument is its command, whose name is the component's.
func (c *Cluster) run(arguments ...string) error {
	p, err := startComponent(filepath.Base(arguments[0]), c.options.Logs, nil, c.node.enter(arguments...)...)
	if err != nil {
		return err
	}
	c.components = append(c.components, p)
	return nil
}

// Memory tells how many bytes of memory each component uses. Of pages that several use, such as those of the one program that
// most of them are, each has its part.
func (c *Cluster) Memory() (map[string]uint64, error) {
	used := map[string]uint64{}
	for _, p := range c.components {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid()))
		if err != nil {
			return nil, fmt.Errorf("memory of %s: %w", p.name, err)
		}
		_, share, _ := strings.Cut(string(content), "\nPss:")
		var kilobytes uint64
		if _, err := fmt.Sscan(share, &kilobytes); err != nil {
			return nil, fmt.Errorf("memory of %s: %w", p.name, err)
		}
		used[p.name] = kilobytes << 10
	}
	return used, nil
}

// poll calls a function until it returns no error.
func (c *Cluster) poll(ctx context.Context, what string, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		for _, p := range c.components {
			select {
			case <-p.ended:
				return fmt.Errorf("wait for %s: %s has ended, see %s", what, p.name, c.Log(p.name))
			default:
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %w", what, ctx.Err(), err)
		case <-time.After(pollEvery):
		}
	}
}

func decimal(n int) string { return strconv.Itoa(n) }
