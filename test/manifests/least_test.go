// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// eachOverlay calls a test for each rendering there is.
func eachOverlay(t *testing.T, test func(t *testing.T, all map[string]*unstructured.Unstructured)) {
	t.Helper()
	for _, o := range Overlays() {
		t.Run(o.Name, func(t *testing.T) { test(t, objects(t, overlay(t, o.Name))) })
	}
}

// eachPod calls a test for what each workload of a rendering runs.
func eachPod(t *testing.T, test func(t *testing.T, kind string, pod corev1.PodSpec)) {
	t.Helper()
	eachOverlay(t, func(t *testing.T, all map[string]*unstructured.Unstructured) {
		t.Helper()
		for _, object := range all {
			if kind := object.GetKind(); kind == "DaemonSet" || kind == "Deployment" {
				pod, err := PodOf(object)
				require.NoError(t, err)
				require.Len(t, pod.Containers, 1)
				assert.Empty(t, pod.InitContainers)
				test(t, kind, pod)
			}
		}
	})
}

func TestPods_areNotPrivileged(t *testing.T) {
	eachPod(t, func(t *testing.T, kind string, pod corev1.PodSpec) {
		t.Helper()
		of, container := pod.SecurityContext, pod.Containers[0].SecurityContext
		assert.True(t, *of.RunAsNonRoot)
		assert.EqualValues(t, 65532, *of.RunAsUser)
		assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, of.SeccompProfile.Type)
		assert.Nil(t, container.Privileged)
		assert.False(t, *container.AllowPrivilegeEscalation)
		assert.True(t, *container.ReadOnlyRootFilesystem)
		assert.Equal(t, []corev1.Capability{"ALL"}, container.Capabilities.Drop)
		assert.False(t, pod.HostNetwork)
		assert.False(t, pod.HostIPC)
		if kind == "DaemonSet" {
			assert.Equal(t, []corev1.Capability{"BPF", "PERFMON", "DAC_READ_SEARCH", "NET_ADMIN"}, container.Capabilities.Add)
			assert.True(t, pod.HostPID)
			assert.Equal(t, "system-node-critical", pod.PriorityClassName)
			assert.Equal(t, []corev1.Toleration{{Operator: corev1.TolerationOpExists}}, pod.Tolerations)
			return
		}
		assert.Empty(t, container.Capabilities.Add)
		assert.False(t, pod.HostPID)
	})
}

func TestPods_seeFewFoldersOfTheHost(t *testing.T) {
	eachPod(t, func(t *testing.T, kind string, pod corev1.PodSpec) {
		t.Helper()
		readOnly := map[string]bool{}
		for _, mount := range pod.Containers[0].VolumeMounts {
			readOnly[mount.Name] = mount.ReadOnly
			assert.Nil(t, mount.MountPropagation)
		}
		var paths []string
		for _, volume := range pod.Volumes {
			if volume.HostPath != nil {
				paths = append(paths, volume.HostPath.Path)
				assert.True(t, readOnly[volume.Name], "%s is mounted for writing", volume.HostPath.Path)
			}
		}
		if kind == "DaemonSet" {
			assert.ElementsMatch(t, []string{"/sys/fs/cgroup", "/sys/kernel/tracing", "/run/containerd"}, paths)
			return
		}
		assert.Empty(t, paths)
	})
}

// What counts against the container's limit besides the heap: maps in the kernel (34 MB, docs/costs.md), stacks, and the pages of the program.
const besidesHeapBytes = 150 << 20

func TestPods_memoryFits(t *testing.T) {
	eachPod(t, func(t *testing.T, _ string, pod corev1.PodSpec) {
		t.Helper()
		container := pod.Containers[0]
		limit := container.Resources.Limits.Memory().Value()
		assert.LessOrEqual(t, container.Resources.Requests.Memory().Value(), limit)
		assert.NotEmpty(t, container.Resources.Requests.Cpu().String())
		is := map[string]string{}
		for _, variable := range container.Env {
			is[variable.Name] = variable.Value
		}
		limiter, err := strconv.ParseInt(is["MEERKAT_MEMORY_MIB_MAX"], 10, 64)
		require.NoError(t, err)
		collector, err := strconv.ParseInt(strings.TrimSuffix(is["GOMEMLIMIT"], "MiB"), 10, 64)
		require.NoError(t, err)
		assert.Less(t, limiter, collector, "Go's collector works harder only where memory_limiter refuses already")
		assert.LessOrEqual(t, collector<<20+besidesHeapBytes, limit)
		for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
			require.NotNil(t, probe)
			assert.Equal(t, "health", probe.HTTPGet.Port.String())
		}
	})
}

// Rights are those that k8s_enrich says to be the least it needs.
func TestRights_areTheLeast(t *testing.T) {
	eachOverlay(t, func(t *testing.T, all map[string]*unstructured.Unstructured) {
		t.Helper()
		for name, object := range all {
			if object.GetKind() == "Role" || object.GetKind() == "RoleBinding" {
				t.Errorf("%s: nobody needs it", name)
			}
			if object.GetKind() != "ClusterRole" {
				continue
			}
			scope := map[string]string{"meerkat-agent": "node", "meerkat-gateway": "cluster"}[object.GetName()]
			text, err := os.ReadFile(filepath.Join(root, "processor/k8senrichprocessor/testdata/rbac-"+scope+".yaml"))
			require.NoError(t, err)
			var least map[string]any
			require.NoError(t, yaml.Unmarshal(text, &least))
			assert.Equal(t, least["rules"], object.Object["rules"], name)
			encoded, err := json.Marshal(object.Object["rules"])
			require.NoError(t, err)
			assert.NotContains(t, string(encoded), "*")
		}
	})
}

func TestNetworkPolicies_selectEveryPod(t *testing.T) {
	eachOverlay(t, func(t *testing.T, all map[string]*unstructured.Unstructured) {
		t.Helper()
		for name, object := range all {
			if kind := object.GetKind(); kind != "DaemonSet" && kind != "Deployment" {
				continue
			}
			policy := all["NetworkPolicy meerkat/"+object.GetName()]
			require.NotNil(t, policy, name)
			labels, _, _ := unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "labels")
			selector, _, _ := unstructured.NestedStringMap(policy.Object, "spec", "podSelector", "matchLabels")
			assert.Subset(t, labels, selector, name)
			types, _, _ := unstructured.NestedStringSlice(policy.Object, "spec", "policyTypes")
			assert.Equal(t, []string{"Ingress", "Egress"}, types)
		}
	})
}

// The components that no overlay has change what they say, together with the others.
func TestComponents(t *testing.T) {
	folder := t.TempDir()
	base, err := filepath.Abs(filepath.Join(root, kustomizeFolder))
	require.NoError(t, err)
	base, err = filepath.Rel(folder, base)
	require.NoError(t, err)
	text := fmt.Sprintf("resources: [%[1]s/overlays/agent-gateway]\ncomponents: [%[1]s/components/control-api, "+
		"%[1]s/components/perf-event-paranoid, %[1]s/components/state-on-host]\n", base)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(text), 0o600))
	rendering, err := Kustomize(t.Context(), root, folder)
	require.NoError(t, err)
	pod, err := PodOf(objects(t, rendering)["DaemonSet meerkat/meerkat-agent"])
	require.NoError(t, err)
	assert.Contains(t, pod.Containers[0].SecurityContext.Capabilities.Add, corev1.Capability("SYS_ADMIN"))
	assert.True(t, *pod.Containers[0].SecurityContext.AllowPrivilegeEscalation)
	assert.Contains(t, pod.Containers[0].Args, "--config=/etc/meerkat/control.yaml")
	for _, volume := range pod.Volumes {
		if volume.Name == "state" {
			assert.Nil(t, volume.EmptyDir)
			assert.Equal(t, "/var/lib/meerkat", volume.HostPath.Path)
		}
	}
}
