// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// workFolder is where everything lies that a recording needs. Below it is what a node has at /run: events of the runtime, which begins a
// container's first process outside of its root, name it, and are made to name a node's.
const workFolder = "/var/lib/meerkat-corpus"

// packages are what the root file system of all containers consists of.
const packages = "python3,gcc,libc6-dev,make,git,perl,redis-server,postgresql-15,sqlite3,cron,logrotate,vim-tiny,less,procps,iproute2,curl,openssl," +
	"ca-certificates,openssh-client,busybox-static,runc,iptables,xz-utils,apt-utils"

// baseScript makes the file system the same wherever it is made.
const baseScript = `set -eu
echo corpus > /etc/hostname
echo '127.0.0.1 localhost' > /etc/hosts
echo 'nameserver 10.88.0.53' > /etc/resolv.conf
echo 'deb [trusted=yes] file:/srv/repo ./' > /etc/apt/sources.list
rm -rf /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy* /var/lib/apt/lists/* /var/log/*.log
echo 'host all all 0.0.0.0/0 trust' > /etc/postgresql/15/main/pg_hba.conf
echo 'local all all trust' >> /etc/postgresql/15/main/pg_hba.conf
echo 'root:$6$corpus$notapassword:19000:0:99999:7:::' > /tmp/shadow; grep -v ^root: /etc/shadow >> /tmp/shadow; cat /tmp/shadow > /etc/shadow; rm /tmp/shadow
mkdir -p /root/.ssh /run/postgresql /usr/local/go /var/spool/cron/crontabs
chown 101 /run/postgresql
echo 'AWS_SECRET_ACCESS_KEY=not-a-secret' > /root/.aws-credentials
ldconfig
`

// makeRootfs makes the root file system, unless it is there.
func makeRootfs() error {
	root := filepath.Join(workFolder, "rootfs")
	if exists(root + "/etc/corpus-made") {
		return nil
	}
	if !exists(root) {
		if err := os.MkdirAll(workFolder, 0o755); err != nil {
			return err
		}
		bootstrap := exec.Command("mmdebstrap", "--quiet", "--variant=minbase", "--include="+packages, "bookworm", root)
		bootstrap.Dir, bootstrap.Stderr = "/", os.Stderr
		if err := bootstrap.Run(); err != nil {
			return errors.Join(fmt.Errorf("make the root file system: %w", err), os.RemoveAll(root))
		}
	}
	if err := command("chroot", root, "/bin/sh", "-c", baseScript); err != nil {
		return err
	}
	return os.WriteFile(root+"/etc/corpus-made", nil, 0o644)
}

// overlay mounts layers at root, with a writable one on top that lies in a folder.
func overlay(root, folder string, layers ...string) error {
	for _, name := range []string{filepath.Join(folder, "upper"), filepath.Join(folder, "temporary"), root} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/temporary", strings.Join(layers, ":"), folder, folder)
	return unix.Mount("overlay", root, "overlay", 0, options)
}

// image is the folder with what a version of a workload adds to the root file system.
func (w *workload) image(version int) string {
	return filepath.Join(workFolder, "run", "image", fmt.Sprintf("%s-%d", w.name, version), "upper")
}

// makeImage makes the layer of a version of a workload: its files, and what preparing it leaves behind.
func (w *workload) makeImage(source string, version int) (err error) {
	folder := filepath.Dir(w.image(version))
	root := filepath.Join(folder, "root")
	if err := overlay(root, folder, filepath.Join(workFolder, "rootfs")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Unmount(root, 0)) }()
	here := filepath.Join(source, "workloads", w.name)
	if files := filepath.Join(here, fmt.Sprintf("v%d", version)); exists(files) {
		if err := command("cp", "-r", "--no-preserve=ownership", files+"/.", root); err != nil {
			return err
		}
	}
	script := []byte("set -e\nexport HOME=/root PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin\ngit config --system safe.directory '*'\n" + w.Prepare + "\n")
	for _, owned := range w.Owns {
		script = fmt.Appendf(script, "mkdir -p %s; chown -R %d %s\n", owned, w.User, owned)
	}
	if err := command("sh", "-c", "mkdir -p "+root+"/corpus; cp "+here+"/*.sh "+root+"/corpus/ 2>/dev/null || true"); err != nil {
		return err
	}
	if w.Go {
		if err := unix.Mount(goRoot(), root+"/usr/local/go", "", unix.MS_BIND, ""); err != nil {
			return err
		}
		defer func() { err = errors.Join(unix.Unmount(root+"/usr/local/go", 0), err) }()
	}
	if err := unix.Mount("proc", root+"/proc", "proc", 0, ""); err != nil {
		return err
	}
	defer func() { err = errors.Join(unix.Unmount(root+"/proc", 0), err) }()
	if err := command("chroot", root, "/bin/sh", "-c", string(script)); err != nil {
		return err
	}
	return os.RemoveAll(root + "/corpus")
}

// goRoot is the tool chain that builds this command.
func goRoot() string { return runtime.GOROOT() } //nolint:staticcheck // go run has it

// readTool reads what attackers have to offer: a script of ours, or a program that nobody has to install.
func readTool(name string) ([]byte, error) {
	if filepath.Base(name) == "busybox" {
		name = filepath.Join(workFolder, "rootfs", "bin", "busybox")
	}
	return os.ReadFile(name)
}
