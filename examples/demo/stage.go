// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	// workFolder is where containers lie while the demonstration runs. config.yaml has it too.
	workFolder = "/var/lib/meerkat-demo"
	tracefs    = "/sys/kernel/tracing"
	// outside is the network namespace of everybody who is in no container: visitors, and the attacker.
	outside = "meerkat-demo"
	bridge  = "demo0"
	// visitorAddress is private, attackerAddress one of those for documents.
	visitorAddress  = "10.87.0.1"
	attackerAddress = "198.51.100.7"
)

// programsOf are those that the demonstration needs, with what has them on Debian.
var programsOf = map[string]string{"runc": "runc", "busybox": "busybox-static", "ip": "iproute2", "go": "Go"}

// prepare makes what all containers have in common.
func (d *demo) prepare(ctx context.Context) error {
	for program, of := range programsOf {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: install %s, or run make demo, which does", program, of)
		}
	}
	if err := removeLeftovers(); err != nil { // of a run that was killed
		return err
	}
	fmt.Println("Building the shop, in a network of its own that leads nowhere.")
	if err := os.MkdirAll(filepath.Join(workFolder, "bin"), 0o755); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(workFolder, "bin", "shop"), "./shop")
	build.Dir, build.Env = d.source, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the shop: %w: %s", err, output)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return err
	}
	if err := copyFile(busybox, filepath.Join(workFolder, "bin", "busybox")); err != nil {
		return err
	}
	if err := d.mountTracefs(); err != nil {
		return err
	}
	return ip("netns add OUT\n-n OUT link set lo up\n-n OUT link add BR address 02:00:00:00:00:02 type bridge\n-n OUT link set BR up\n" +
		"-n OUT addr add " + visitorAddress + "/24 dev BR\n-n OUT addr add " + attackerAddress + "/32 dev BR\n")
}

func (d *demo) mountTracefs() error {
	if _, err := os.Stat(tracefs + "/events"); err == nil {
		return nil
	}
	if err := syscall.Mount("tracefs", tracefs, "tracefs", 0, ""); err != nil {
		return fmt.Errorf("mount tracefs at %s: %w", tracefs, err)
	}
	d.mounted = true
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// ip runs several commands of ip, one a line.
func ip(lines string) error {
	for line := range strings.Lines(strings.NewReplacer("OUT", outside, "BR", bridge).Replace(lines)) {
		if output, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.TrimSpace(line), err, output)
		}
	}
	return nil
}

// clean ends everything, and takes away all but the data.
func (d *demo) clean() error {
	fmt.Println("Cleaning up.")
	err := errors.Join(d.visitors.end(), d.collector.end())
	for _, c := range d.containers {
		err = errors.Join(err, c.stop())
	}
	err = errors.Join(err, removeLeftovers())
	if d.mounted {
		err = errors.Join(err, syscall.Unmount(tracefs, 0))
	}
	return err
}

// removeLeftovers takes away containers, namespaces, cgroups and files, whoever made them. What is not there is no error.
func removeLeftovers() error {
	left, _ := os.ReadDir(runcState())
	for _, entry := range left {
		_ = exec.Command("runc", "--root", runcState(), "delete", "--force", entry.Name()).Run()
	}
	namespaces, _ := filepath.Glob("/run/netns/" + outside + "*")
	for _, namespace := range namespaces {
		_ = exec.Command("ip", "netns", "delete", filepath.Base(namespace)).Run()
	}
	removeCgroups()
	return os.RemoveAll(workFolder)
}

// removeCgroups removes what runc leaves: it removes the containers' own cgroups, not those above.
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
