// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// object is a part of an OCI configuration.
type object = map[string]any

// capabilities are those that container engines give unless somebody says otherwise.
var capabilities = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
	"CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

// spec is what the runtime is told. Source: github.com/opencontainers/runtime-spec, config.md.
func (c *container) spec(root string) object {
	readOnly := []string{"nosuid", "noexec", "nodev", "ro"}
	return object{
		"ociVersion": "1.0.2", "root": object{"path": root}, "hostname": c.name,
		"process": object{
			"user": object{"uid": 0, "gid": 0}, "cwd": "/", "args": c.start, "env": []string{"PATH=/usr/bin:/bin"},
			"capabilities": object{"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
		},
		"mounts": []object{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
			{"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": readOnly},
		},
		"linux": object{
			"cgroupsPath": fmt.Sprintf("%s/burstable/pod%s/%s", cgroupTop, c.pod, c.id),
			"namespaces": []object{
				{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network", "path": "/run/netns/" + c.network()},
			},
			"maskedPaths":   []string{"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"},
			"readonlyPaths": []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
		// As containerd's part for Kubernetes writes them: the collector reads names there.
		"annotations": map[string]string{
			"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": c.name,
			"io.kubernetes.cri.image-name":   "registry.example.com/shop/" + c.name + ":v1",
			"io.kubernetes.cri.sandbox-name": c.name + "-" + c.id[:5], "io.kubernetes.cri.sandbox-namespace": "shop",
			"io.kubernetes.cri.sandbox-uid": c.pod,
		},
	}
}
