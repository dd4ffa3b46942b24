// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cgroupTop is the cgroup that the containers' cgroups are in. config.yaml has it too.
const cgroupTop = "/meerkat-demo"

// part is a part of the shop, which runs in a container of its own.
type part struct {
	name, address string
	// start is its first process, links the names below /srv/bin and /srv/cgi-bin that the shop's program has in it.
	start, links []string
	// files are what it has besides, folders end with a slash.
	files map[string]string
}

// parts are in the order in which they are started.
func parts() []part {
	return []part{
		{name: "database", address: "10.87.0.13", start: []string{"/srv/bin/database"}, links: []string{"/srv/bin/database"}, files: map[string]string{"/var/lib/shop/": ""}},
		{name: "api", address: "10.87.0.12", start: []string{"/srv/bin/api"}, links: []string{"/srv/bin/api"}},
		{name: "web", address: webAddress, start: []string{"/srv/bin/web"}, links: []string{"/srv/bin/web", "/srv/bin/thumbnail", "/srv/cgi-bin/counter"}, files: map[string]string{
			"/srv/photos/": "", "/var/spool/cron/crontabs/": "",
			"/etc/shadow":            "root:$6$demo$notapassword:20000:0:99999:7:::\n",
			"/root/.aws/credentials": "[default]\naws_secret_access_key = not-a-secret\n",
		}},
		{name: "batch", address: "10.87.0.14", start: []string{"/bin/sh", "/srv/report.sh"}, files: map[string]string{
			"/srv/reports/":  "",
			"/srv/report.sh": "#!/bin/sh\nwhile :; do\n  /usr/bin/wget -q -O /srv/reports/orders.txt http://api:8081/orders\n  /bin/gzip -f /srv/reports/orders.txt\n  /bin/sleep 1\ndone\n",
		}},
	}
}

const webAddress = "10.87.0.11"

// tools are programs that every container has, as most images have. They are hard links, so that each has a path of its own.
var tools = []string{
	"/bin/sh", "/bin/cat", "/bin/chmod", "/bin/gzip", "/bin/sleep", "/bin/ps", "/bin/uname", "/usr/bin/head", "/usr/bin/id", "/usr/bin/wget",
}

// container is a part that runs.
type container struct {
	part
	id, pod string
	process *process
}

func newContainer(p part) *container {
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte("meerkat-demo "+p.name)))
	return &container{part: p, id: hash, pod: fmt.Sprintf("%s-%s-%s-%s-%s", hash[:8], hash[8:12], hash[12:16], hash[16:20], hash[20:32])}
}

// bundle is where containerd would keep what the runtime is told. The collector reads names there.
func (c *container) bundle() string {
	return filepath.Join(workFolder, "containerd/io.containerd.runtime.v2.task/k8s.io", c.id)
}

func (c *container) network() string { return outside + "-" + c.name }

func runcState() string { return filepath.Join(workFolder, "runc") }

// start makes the container's files and network, and starts it.
func (c *container) run() error {
	root := filepath.Join(c.bundle(), "rootfs")
	for _, link := range tools {
		if err := hardLink("busybox", root+link); err != nil {
			return err
		}
	}
	for _, link := range c.links {
		if err := hardLink("shop", root+link); err != nil {
			return err
		}
	}
	for _, folder := range []string{"/proc", "/dev", "/sys", "/tmp", "/etc"} {
		if err := os.MkdirAll(root+folder, 0o755); err != nil {
			return err
		}
	}
	hosts := []string{"127.0.0.1 localhost\n"}
	for _, other := range parts() {
		hosts = append(hosts, other.address+" "+other.name+"\n")
	}
	for name, content := range c.files {
		if err := writeFile(root+name, content); err != nil {
			return err
		}
	}
	if err := errors.Join(writeFile(root+"/etc/hosts", strings.Join(hosts, "")), writeFile(root+"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), c.connect()); err != nil {
		return err
	}
	config, err := json.Marshal(c.spec(root))
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.bundle(), "config.json"), string(config)); err != nil {
		return err
	}
	c.process, err = start(c.name, filepath.Join(workFolder, c.name+".log"),
		exec.Command("runc", "--root", runcState(), "run", "--bundle", c.bundle(), c.id))
	return err
}

func hardLink(program, name string) error {
	return errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Link(filepath.Join(workFolder, "bin", program), name))
}

// writeFile makes a file with the folders above it, or only these if the name ends with a slash.
func writeFile(name, content string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil || name[len(name)-1] == '/' {
		return err
	}
	return os.WriteFile(name, []byte(content), 0o644)
}

// connect makes the network namespace of the container, and a cable to the bridge.
func (c *container) connect() error {
	network, cable := c.network(), "demo-"+c.name
	return ip("netns add " + network + "\n-n " + network + " link set lo up\n" +
		"-n OUT link add " + cable + " type veth peer name eth0 netns " + network + "\n-n OUT link set " + cable + " master BR up\n" +
		"-n " + network + " addr add " + c.address + "/24 dev eth0\n-n " + network + " link set eth0 up\n" +
		"-n " + network + " route add default via " + visitorAddress + "\n")
}

// stop ends the container.
func (c *container) stop() error {
	_ = exec.Command("runc", "--root", runcState(), "kill", c.id, "KILL").Run()
	return c.process.end()
}
