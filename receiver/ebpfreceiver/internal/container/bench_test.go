// SPDX-License-Identifier: Apache-2.0

//go:build linux

package container

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkLocate is what each new cgroup costs, of a container or not.
func BenchmarkLocate(b *testing.B) {
	f := NewFinder(DefaultSettings())
	for name, path := range map[string]string{
		"service": "/system.slice/ssh.service",
		"pod":     "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uidUnderlined + ".slice/cri-containerd-" + id1 + ".scope",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Locate(path)
			}
		})
	}
}

// BenchmarkDescribe is what each container costs, with a bundle of ordinary size.
func BenchmarkDescribe(b *testing.B) {
	root := b.TempDir()
	var mounts []string
	for n := range 200 {
		mounts = append(mounts, fmt.Sprintf(`{"destination":"/mnt/%d","type":"bind","source":"/var/lib/kubelet/pods/%s/volumes/%d","options":["rbind","ro"]}`, n, uid, n))
	}
	bundle := `{"ociVersion":"1.2.0","mounts":[` + strings.Join(mounts, ",") + `],"annotations":{"io.kubernetes.cri.container-name":"web",` +
		`"io.kubernetes.cri.image-name":"registry.example.com/shop/web:1.4","io.kubernetes.cri.sandbox-name":"web-0"}}`
	writeBundle(b, root, bundle)
	f := finderAt(root)
	b.ReportAllocs()
	b.SetBytes(int64(len(bundle)))
	for b.Loop() {
		c := Container{ID: id1, Runtime: Containerd}
		require.Equal(b, Found, f.Describe(&c))
	}
}
