// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// object is a part of an OCI configuration.
type object = map[string]any

// capabilities are those that containers have everywhere unless somebody says otherwise.
var capabilities = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
	"CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// privileges are what a node's own container has besides.
var privileges = []string{"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}

// spec is what the runtime is told. Source: github.com/opencontainers/runtime-spec, config.md.
func (c *container) spec() object {
	w := c.workload
	caps := capabilities
	if w.Privileged {
		caps = append(append([]string(nil), caps...), privileges...)
	}
	process := object{
		"user": object{"uid": w.User, "gid": groupOf(w.User)}, "cwd": "/", "args": w.Start[c.version],
		"env": []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin", "GOCACHE=/cache", "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=false",
			"LC_ALL=C.UTF-8", "NODE_CGROUP=" + c.cgroup(),
		},
		"capabilities": object{"bounding": caps, "effective": caps, "permitted": caps},
	}
	linux := object{
		"cgroupsPath": c.cgroup(),
		"namespaces": []object{
			{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network", "path": "/run/netns/" + c.namespace()},
		},
	}
	if !w.Privileged {
		linux["maskedPaths"] = []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"}
		linux["readonlyPaths"] = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
	}
	return object{
		"ociVersion": "1.0.2", "process": process, "root": object{"path": c.root}, "hostname": w.name, "linux": linux, "mounts": c.mounts(),
		"annotations": c.annotations(),
	}
}

// annotations are those that containerd's part for Kubernetes writes.
func (c *container) annotations() map[string]string {
	return map[string]string{
		"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": c.workload.name,
		"io.kubernetes.cri.image-name":        fmt.Sprintf("registry.example.com/%s:v%d", c.workload.Image, c.version),
		"io.kubernetes.cri.sandbox-name":      c.workload.name + "-" + c.id[:5],
		"io.kubernetes.cri.sandbox-namespace": "corpus", "io.kubernetes.cri.sandbox-uid": c.pod,
	}
}

func (c *container) mounts() []object {
	sys := []string{"nosuid", "noexec", "nodev", "ro"}
	if c.workload.Privileged {
		sys = sys[:3]
	}
	mounts := []object{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		{"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": []string{"nosuid", "nodev", "mode=1777", "size=65536k"}},
		{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": sys},
		{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": sys},
	}
	if c.workload.Go {
		mounts = append(mounts, object{"destination": "/usr/local/go", "type": "bind", "source": goRoot(), "options": []string{"bind", "ro"}})
	}
	return mounts
}

// groupOf is the group of a user of the root file system.
func groupOf(user int) int {
	if user == postgres {
		return postgresGroup
	}
	return user
}

// The database's user and group, as Debian's packages make them in the order of the list of packages.
const postgres, postgresGroup = 101, 105
