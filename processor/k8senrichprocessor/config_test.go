// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// load reads a section of a test file as the Collector would.
func load(t *testing.T, file, section string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	sub, err := all.Sub(section)
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(config); err != nil {
		return config, err
	}
	return config, confmap.Validate(config)
}

func TestConfig_structIsWellFormed(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestConfig_accepted(t *testing.T) {
	config, err := load(t, "config.yaml", "k8s_enrich")
	require.NoError(t, err)
	assert.Equal(t, createDefaultConfig(), config)

	config, err = load(t, "config.yaml", "k8s_enrich/all")
	require.NoError(t, err)
	want := createDefaultConfig().(*Config)
	want.Source, want.Scope, want.NodeName = sourceAPIServer, scopeCluster, "node1"
	want.ClusterName, want.ClusterUID = "prod", "5a7d"
	want.APIServer = APIServerConfig{
		AuthType: "service_account", Endpoint: "https://10.0.0.1:6443", TokenFile: "/token", CAFile: "/ca", PageSize: 100,
	}
	want.Kubelet = KubeletConfig{Endpoint: "https://10.0.0.2:10250", TokenFile: "/t", InsecureSkipVerify: true, Interval: 5 * time.Second}
	want.PodLabels, want.PodAnnotations, want.ServiceLabels = []string{"app", "team/*"}, []string{"*"}, true
	want.Networks = []NetworkConfig{{Name: "database", CIDRs: []string{"172.16.9.0/24", "2001:db8::/32"}}}
	want.Wait = WaitConfig{Timeout: 3 * time.Second, RecordsMax: 10, BytesMax: 1000}
	want.Limits = LimitsConfig{
		PodsMax: 1, ServicesMax: 2, EndpointSlicesMax: 3, NodesMax: 4, BytesMax: 1 << 20, PodRetention: 5 * time.Second,
	}
	assert.Equal(t, want, config)
}

func TestConfig_refused(t *testing.T) {
	for section, want := range map[string]string{
		"k8s_enrich/source":                `source: "docker" is none of auto, api_server, kubelet, none`,
		"k8s_enrich/scope":                 `scope: "galaxy" is none of node, cluster`,
		"k8s_enrich/scope_of_the_kubelet":  `scope: "cluster" needs the source "api_server": the kubelet knows only the pods of its own node`,
		"k8s_enrich/no_node_name":          `node_name: needed to ask for the pods of this node: set it, or the variable K8S_NODE_NAME from the pod's spec.nodeName`,
		"k8s_enrich/network":               `networks::0::cidrs: netip.ParsePrefix("172.16.9.1"): no '/': write a range such as 192.0.2.0/24`,
		"k8s_enrich/network_without_name":  `networks::0::name: empty: give the network the name that records shall have`,
		"k8s_enrich/network_without_range": `networks::0::cidrs: empty: name a range such as 192.0.2.0/24`,
		"k8s_enrich/pattern":               `pod_labels[0]: empty: give a key, or * for all keys`,
		"k8s_enrich/limits": "wait: timeout: 2h0m0s is not between 0s and 1m0s\nrecords_max: 0 is not between 1 and 1000000\n" +
			"limits: bytes_max: 10 is not between 1048576 and 8589934592",
		"k8s_enrich/api_server": `api_server: endpoint is "10.0.0.1": it must be a URL, such as https://10.0.0.1:6443`,
		"k8s_enrich/kubelet":    `kubelet: endpoint is "10.0.0.1:10250": it must be a URL such as https://127.0.0.1:10250`,
		"k8s_enrich/unknown":    "has invalid keys: sauce",
	} {
		_, err := load(t, "config_refused.yaml", section)
		assert.ErrorContains(t, err, want, section)
	}
}

// A collector that does not run in a pod asks nobody.
func TestConfig_auto(t *testing.T) {
	config := createDefaultConfig().(*Config)
	t.Setenv(serviceHostVariable, "")
	assert.Equal(t, sourceNone, config.chosenSource())
	t.Setenv(serviceHostVariable, "10.96.0.1")
	assert.Equal(t, sourceAPIServer, config.chosenSource())
}
