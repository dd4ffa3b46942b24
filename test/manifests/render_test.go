// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const root = "../.."

var update = flag.Bool("update", false, "write what is committed of renderings")

// chartNamespace has the chart make its namespace, as the overlays do.
const chartNamespace = "namespace.create=true"

func objects(t *testing.T, text string) map[string]*unstructured.Unstructured {
	t.Helper()
	all, err := Objects(text)
	require.NoError(t, err)
	return all
}

func overlay(t *testing.T, name string) string {
	t.Helper()
	text, err := KustomizeOverlay(t.Context(), root, name)
	require.NoError(t, err)
	return text
}

func template(t *testing.T, values ...string) string {
	t.Helper()
	text, err := Template(t.Context(), root, values...)
	require.NoError(t, err)
	return text
}

// golden compares a text with a committed file, or writes that.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	committed, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(committed), text, "%s: run make generate", path)
}

// Every file of a configuration in the chart is the one beside the overlays. It comes first: the others
// render these files.
func TestChart_configurations(t *testing.T) {
	for chart, base := range map[string]string{
		"agent": "base/config.yaml", "gateway": "components/gateway/config.yaml", "control": "components/control-api/control.yaml",
	} {
		want, err := os.ReadFile(filepath.Join(root, kustomizeFolder, base))
		require.NoError(t, err)
		golden(t, filepath.Join(root, chartFolder, "files", chart+".yaml"), string(want))
	}
}

func TestFile(t *testing.T) {
	text, err := RenderFile(t.Context(), root)
	require.NoError(t, err)
	golden(t, filepath.Join(root, File), text)
}

// order puts lists whose order means nothing into one, and takes off what only the chart has: it replaces pods when their
// configuration changes.
func order(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	if kind := object.GetKind(); kind != "DaemonSet" && kind != "Deployment" {
		return
	}
	unstructured.RemoveNestedField(object.Object, "spec", "template", "metadata", "annotations", "checksum/config")
	pod := object.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	container := pod["containers"].([]any)[0].(map[string]any)
	for _, list := range [][]any{pod["volumes"].([]any), container["env"].([]any), container["volumeMounts"].([]any)} {
		slices.SortFunc(list, func(a, b any) int {
			return strings.Compare(a.(map[string]any)["name"].(string), b.(map[string]any)["name"].(string))
		})
	}
}

// The chart makes the same objects as each overlay, one by one.
func TestChart_equalsOverlays(t *testing.T) {
	for _, o := range Overlays() {
		t.Run(o.Name, func(t *testing.T) {
			want := objects(t, overlay(t, o.Name))
			got := objects(t, template(t, append([]string{chartNamespace}, o.Values...)...))
			assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
			for name := range want {
				if got[name] != nil {
					order(t, want[name])
					order(t, got[name])
					assert.Equal(t, want[name].Object, got[name].Object, name)
				}
			}
		})
	}
}

// By default the namespace is Helm's affair, and nothing else is missing.
func TestChart_default(t *testing.T) {
	want, got := objects(t, overlay(t, FileOverlay)), objects(t, template(t))
	delete(want, "Namespace /meerkat")
	assert.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
}

// everyValue sets what the overlays leave alone.
func everyValue() []string {
	return []string{
		"gateway.enabled=true", "control.enabled=true", "control.secretName=tokens", "clusterName=prod", "image.repository=registry.example/meerkat",
		"image.tag=v1", "imagePullSecrets[0].name=pull", "logs.exporter=otlp_http", "logs.forward=all", "metrics.exporter=otlp_http",
		"otlp.endpoint=http://collector.monitoring.svc:4318", "agent.memoryMiB=1024", "agent.cpu=2", "agent.priorityClassName=",
		"agent.nodeSelector.pool=a", "agent.podAnnotations.team=sre", "agent.env[0].name=A", "agent.env[0].value=b",
		"agent.config.receivers.ebpf.tracers.tty.enabled=true", "agent.runtimeFolder=/run/k3s/containerd", "agent.perfEventParanoid=true",
		"agent.state.hostPath=/var/lib/meerkat", "gateway.config.processors.anomaly.fleet.hosts_min=5", "gateway.priorityClassName=high",
		"networkPolicy.egressPorts={53,6443,3100}",
	}
}

func TestChart_golden(t *testing.T) {
	golden(t, "testdata/chart-default.yaml", template(t))
	golden(t, "testdata/chart-every-value.yaml", template(t, everyValue()...))
}

func TestChart_anotherRelease(t *testing.T) {
	text, err := tool(t.Context(), root, "helm", "template", "prod", chartFolder, "--namespace", "observe")
	require.NoError(t, err)
	all := objects(t, text)
	assert.Contains(t, all, "DaemonSet observe/prod-meerkat-agent")
	assert.Contains(t, all, "ClusterRoleBinding /prod-meerkat-agent")
	assert.NotContains(t, text, "namespace: meerkat")
}

func TestChart_lint(t *testing.T) {
	for _, values := range [][]string{nil, everyValue()} {
		said, err := Lint(t.Context(), root, values...)
		assert.NoError(t, err, said)
	}
}

func TestChart_schemaRefuses(t *testing.T) {
	for _, wrong := range []string{
		"agents.cpu=1", "agent.memory=512", "agent.memoryMiB=100", "agent.memoryMiB=lots", "logs.exporter=loki", "logs.forward=none",
		"metrics.exporter=file", "otlp.endpoint=collector:4317", "agent.runtimeFolder=run", "agent.state.hostPath=../x", "control.secretName=",
		"networkPolicy.egressPorts={0}", "image.repository=", "gateway.replicas=2", "agent.requests.memory=many", "agent.perfEventParanoid=maybe",
	} {
		_, err := Template(t.Context(), root, wrong)
		assert.ErrorContains(t, err, "values don't meet the specifications", wrong)
	}
}
