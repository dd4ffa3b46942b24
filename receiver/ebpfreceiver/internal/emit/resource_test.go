// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// everything is a container of which all is known.
func everything() *process.Workload {
	return &process.Workload{CgroupID: 7, CgroupPath: "/kubepods/pod1/a", Container: container.Container{
		ID: "a", Runtime: container.CRIO, PodUID: "uid", Name: "k8s_web_web-0_shop_uid_0",
		Image: container.Image{
			Reference: "registry/web:1", Name: "registry/web", Tags: []string{"1", "latest"}, RepoDigests: []string{"registry/web@sha256:a"},
		},
		Labels:  []container.Label{{Key: "team", Value: "red"}},
		PodName: "web-0", PodNamespace: "shop", PodContainer: "web", Sandbox: true,
	}}
}

func TestResource_everythingOfAContainer(t *testing.T) {
	attributes := pcommon.NewMap()
	putWorkload(attributes, everything())
	assert.Equal(t, map[string]any{
		names.CgroupPath:  "/kubepods/pod1/a",
		names.ContainerID: "a", names.ContainerRuntimeName: "cri-o", names.ContainerName: "k8s_web_web-0_shop_uid_0",
		names.ContainerImageName: "registry/web", names.ContainerImageTags: []any{"1", "latest"},
		names.ContainerImageRepoDigests: []any{"registry/web@sha256:a"}, "container.label.team": "red",
		names.ContainerSandbox: true, names.K8sPodUID: "uid", names.K8sPodName: "web-0", names.K8sNamespaceName: "shop",
		names.K8sContainerName: "web",
	}, attributes.AsRaw())

	// What is told is what is declared.
	for _, declared := range names.ContainerAttributes() {
		name, _, _ := strings.Cut(declared.Name, "<")
		assert.True(t, slices.ContainsFunc(slices.Collect(keysOf(attributes)), func(key string) bool { return strings.HasPrefix(key, name) }), name)
	}
}

func keysOf(attributes pcommon.Map) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range attributes.All() {
			if !yield(key) {
				return
			}
		}
	}
}

// What is not known is absent, not empty.
func TestResource_nothingOfAContainer(t *testing.T) {
	attributes := pcommon.NewMap()
	putWorkload(attributes, &process.Workload{CgroupID: 7, CgroupPath: "/a", Container: container.Container{ID: "a"}})
	assert.Equal(t, map[string]any{names.CgroupPath: "/a", names.ContainerID: "a"}, attributes.AsRaw())
}

// Logs and metrics of a container have to be found together.
func TestResource_isTheSameInLogsAndMetrics(t *testing.T) {
	w := everything()
	logs := NewLogs(testScope, testHost, process.NewClock())
	logs.AppendMade(Who{Workload: w}, func(plog.LogRecord) {})
	metrics := NewMetrics(testScope, testHost, time.Unix(1, 0))
	metrics.Append(ProcessCounts()[:1], WorkloadCounts{Workload: w, Values: []uint64{1}})
	assert.Equal(t,
		logs.Take().ResourceLogs().At(0).Resource().Attributes().AsRaw(),
		metrics.Take().ResourceMetrics().At(0).Resource().Attributes().AsRaw())
}
