// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupTop is the cgroup that all containers' cgroups are in.
const cgroupTop = "/meerkat-corpus"

// container is a replica of a workload that runs.
type container struct {
	workload *workload
	version  int
	id       string
	pod      string
	address  string
	folder   string
	root     string
	process  *exec.Cmd
	input    io.WriteCloser
	output   *bufio.Reader
}

// newContainer describes a container. Its ids are the same in each recording.
func newContainer(w *workload, version int, name string, number int) *container {
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(w.name+" "+name)))
	return &container{
		workload: w, version: version, id: hash, pod: fmt.Sprintf("%s-%s-%s-%s-%s", hash[:8], hash[8:12], hash[12:16], hash[16:20], hash[20:32]),
		address: fmt.Sprintf("10.88.%d.%d", 1+number/addressesEach, 10+number%addressesEach), folder: filepath.Join(workFolder, "run", "containers", hash),
	}
}

// cgroup is where it is counted.
func (c *container) cgroup() string {
	return fmt.Sprintf("%s/burstable/pod%s/%s", cgroupTop, c.pod, c.id)
}

// bundle is where containerd would keep what the runtime is told. The collector reads names there.
func (c *container) bundle() string {
	return filepath.Join(workFolder, "run/containerd/io.containerd.runtime.v2.task/k8s.io", c.id)
}

func (c *container) namespace() string { return "corpus-" + c.id[:12] }

// start starts the container, and waits until it is ready.
func (c *container) start(n *network) error {
	c.root = filepath.Join(c.bundle(), "rootfs")
	if err := overlay(c.root, c.folder, c.workload.image(c.version), filepath.Join(workFolder, "rootfs")); err != nil {
		return err
	}
	if err := n.add(c.namespace(), c.address); err != nil {
		return err
	}
	config, err := json.Marshal(c.spec())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.bundle(), "config.json"), config, 0o644); err != nil {
		return err
	}
	c.process = exec.Command("runc", "--root", runcState(), "run", "--bundle", c.bundle(), c.id)
	if c.input, err = c.process.StdinPipe(); err != nil {
		return err
	}
	output, err := c.process.StdoutPipe()
	if err != nil {
		return err
	}
	c.output = bufio.NewReader(output)
	log, err := os.Create(c.folder + "/log")
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	c.process.Stderr = log
	if err := c.process.Start(); err != nil {
		return err
	}
	return c.ready(n)
}

func runcState() string { return filepath.Join(workFolder, "run", "runc") }

// ready waits until the workload listens, or says that it is ready.
func (c *container) ready(n *network) error {
	if c.workload.Via == "control" {
		return c.expect("ready")
	}
	go func() { _, _ = io.Copy(io.Discard, c.output) }()
	for end := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		connection, err := n.dial(fmt.Sprintf("%s:%d", c.address, c.workload.Port))
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(c.folder + "/log")
			return fmt.Errorf("%s does not listen: %w: %s", c.workload.name, err, log)
		}
	}
}

// expect waits for a line.
func (c *container) expect(line string) error {
	for {
		said, err := c.output.ReadString('\n')
		if err != nil {
			log, _ := os.ReadFile(c.folder + "/log")
			return fmt.Errorf("%s ended: %w: %s", c.workload.name, err, log)
		}
		if strings.TrimSpace(said) == line {
			return nil
		}
	}
}

// stop ends the container, and takes away what it consists of.
func (c *container) stop(n *network) error {
	if c.input == nil {
		return nil // it never began
	}
	_ = exec.Command("runc", "--root", runcState(), "kill", c.id, "KILL").Run()
	_ = c.input.Close()
	_ = c.process.Wait()
	_ = exec.Command("runc", "--root", runcState(), "delete", "--force", c.id).Run()
	return errors.Join(unix.Unmount(c.root, unix.MNT_DETACH), n.remove(c.namespace()), os.RemoveAll(c.bundle()), os.RemoveAll(c.folder))
}

// exec does something in the container from outside, as people do who look at it.
func (c *container) exec(t task) error {
	arguments := []string{"--root", runcState(), "exec"}
	if t.step > 0 {
		arguments = append(arguments, "--env", fmt.Sprintf("%s=%d", stepVariable, t.step))
	}
	run := exec.Command("runc", append(arguments, c.id, "sh", "-c", t.Run)...)
	if err := run.Run(); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); !ended {
			return err
		}
	}
	return nil
}
