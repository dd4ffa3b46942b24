// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiserver"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/enrich"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/kubelet"
)

// Config is what users write.
type Config struct {
	// Source is where pods are learned of: "api_server", "kubelet", "none", or "auto" for the API server when the
	// collector runs in a pod, and none elsewhere.
	Source string `mapstructure:"source"`
	// Scope is "node" for the pods of this node, or "cluster" for the far ends of connections too.
	Scope string `mapstructure:"scope"`
	// NodeName is the Kubernetes name of this node. If it is empty, the variable K8S_NODE_NAME has it.
	NodeName  string          `mapstructure:"node_name"`
	APIServer APIServerConfig `mapstructure:"api_server"`
	Kubelet   KubeletConfig   `mapstructure:"kubelet"`
	// ClusterName becomes k8s.cluster.name, ClusterUID k8s.cluster.uid. Nothing is said if they are empty.
	ClusterName string `mapstructure:"cluster_name"`
	ClusterUID  string `mapstructure:"cluster_uid"`
	// PodLabels and PodAnnotations are the keys to tell of, with * for any text.
	PodLabels      []string `mapstructure:"pod_labels"`
	PodAnnotations []string `mapstructure:"pod_annotations"`
	// ServiceLabels tells whether the labels app.kubernetes.io/* name the service.
	ServiceLabels bool `mapstructure:"service_labels"`
	// Networks name what is outside of the cluster.
	Networks []NetworkConfig `mapstructure:"networks"`

	// ConnectionTracking tells whether to ask the kernel how addresses were translated, where it lets us.
	ConnectionTracking bool `mapstructure:"connection_tracking"`

	Wait   WaitConfig   `mapstructure:"wait"`
	Limits LimitsConfig `mapstructure:"limits"`

	// prevent unkeyed literals
	_ struct{}
}

// APIServerConfig says how to reach the API server.
type APIServerConfig struct {
	// AuthType is "service_account" for what Kubernetes gives to a pod, or "kubeconfig".
	AuthType   string           `mapstructure:"auth_type"`
	Kubeconfig KubeconfigConfig `mapstructure:"kubeconfig"`
	// Endpoint, TokenFile and CAFile replace what Kubernetes gives to a pod.
	Endpoint  string `mapstructure:"endpoint"`
	TokenFile string `mapstructure:"token_file"`
	CAFile    string `mapstructure:"ca_file"`
	// PageSize is how many objects are asked for at once, where the API server can't stream them.
	PageSize int64 `mapstructure:"page_size"`
}

// KubeconfigConfig names a file as kubectl has it.
type KubeconfigConfig struct {
	// Path is where the file lies.
	Path string `mapstructure:"path"`
	// Context is the file's current one if it is empty.
	Context string `mapstructure:"context"`
}

// KubeletConfig says how to reach the kubelet of this node.
type KubeletConfig struct {
	// Endpoint is https://<address>:10250, or http://<address>:10255 for a kubelet that still has a read-only port.
	Endpoint string `mapstructure:"endpoint"`
	// TokenFile has the token that is sent with https, CAFile the authority that the kubelet is checked against.
	TokenFile string `mapstructure:"token_file"`
	CAFile    string `mapstructure:"ca_file"`
	// InsecureSkipVerify takes any certificate of the kubelet.
	InsecureSkipVerify bool `mapstructure:"insecure_skip_verify"`
	// Interval is the time between two requests.
	Interval time.Duration `mapstructure:"interval"`
}

// NetworkConfig names addresses.
type NetworkConfig struct {
	// Name is what addresses in CIDRs are told as.
	Name  string   `mapstructure:"name"`
	CIDRs []string `mapstructure:"cidrs"`
}

// WaitConfig bounds how records wait for what is not known yet.
type WaitConfig struct {
	// Timeout is how long a record waits at most. RecordsMax and BytesMax bound what waits in a pipeline; beyond them, what has waited the longest
	// goes on.
	Timeout    time.Duration `mapstructure:"timeout"`
	RecordsMax int           `mapstructure:"records_max"`
	BytesMax   int           `mapstructure:"bytes_max"`
}

// LimitsConfig bounds what is remembered of the cluster.
type LimitsConfig struct {
	// PodsMax, ServicesMax, EndpointSlicesMax and NodesMax bound the objects that are remembered. Those beyond are counted.
	PodsMax           int `mapstructure:"pods_max"`
	ServicesMax       int `mapstructure:"services_max"`
	EndpointSlicesMax int `mapstructure:"endpoint_slices_max"`
	NodesMax          int `mapstructure:"nodes_max"`
	// BytesMax is what all of them take together, by estimate.
	BytesMax int `mapstructure:"bytes_max"`
	// PodRetention is how long a pod is remembered after it is gone.
	PodRetention time.Duration `mapstructure:"pod_retention"`
}

// Values of Source and Scope.
const (
	sourceAuto      = "auto"
	sourceAPIServer = "api_server"
	sourceKubelet   = "kubelet"
	sourceNone      = "none"

	scopeNode    = "node"
	scopeCluster = "cluster"
)

// Ranges of what can be configured.
const (
	waitTimeoutMax      = time.Minute
	waitRecordsMaxMax   = 1_000_000
	waitBytesMaxMax     = 1 << 30
	objectsMaxMax       = 1_000_000
	inventoryBytesMin   = 1 << 20
	inventoryBytesMax   = 8 << 30
	podRetentionMax     = time.Hour
	networksMax         = 1000
	clusterNameBytesMax = 256
)

func createDefaultConfig() component.Config {
	return &Config{
		Source: sourceAuto,
		Scope:  scopeNode,

		APIServer: APIServerConfig{AuthType: string(apiserver.DefaultSettings().AuthType), PageSize: apiserver.DefaultSettings().PageSize},
		Kubelet: KubeletConfig{
			Endpoint: kubelet.DefaultSettings().Endpoint, TokenFile: kubelet.DefaultSettings().TokenFile,
			Interval: kubelet.DefaultSettings().Interval,
		},
		ConnectionTracking: true,

		Wait: WaitConfig{Timeout: 2 * time.Second, RecordsMax: 20_000, BytesMax: 16 << 20},
		Limits: LimitsConfig{
			PodsMax: 20_000, ServicesMax: 10_000, EndpointSlicesMax: 10_000, NodesMax: 5_000, BytesMax: 64 << 20,
			PodRetention: 2 * time.Minute,
		},
	}
}

// Validate tells everything that is wrong.
func (c *Config) Validate() error {
	var errs []error
	report := func(format string, arguments ...any) { errs = append(errs, fmt.Errorf(format, arguments...)) }
	if sources := []string{sourceAuto, sourceAPIServer, sourceKubelet, sourceNone}; !slices.Contains(sources, c.Source) {
		report("source: %q is none of %s", c.Source, strings.Join(sources, ", "))
	}
	if scopes := []string{scopeNode, scopeCluster}; !slices.Contains(scopes, c.Scope) {
		report("scope: %q is none of %s", c.Scope, strings.Join(scopes, ", "))
	}
	if c.Scope == scopeCluster && (c.Source == sourceKubelet || c.Source == sourceNone) {
		report("scope: %q needs the source %q: the kubelet knows only the pods of its own node", c.Scope, sourceAPIServer)
	}
	if err := c.validateSource(); err != nil {
		errs = append(errs, err)
	}
	if _, err := apiobject.NewConverter(c.conversion()); err != nil {
		errs = append(errs, err)
	}
	if len(c.ClusterName) > clusterNameBytesMax || len(c.ClusterUID) > clusterNameBytesMax {
		report("cluster_name, cluster_uid: longer than %d bytes", clusterNameBytesMax)
	}
	if _, err := c.networks(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Validate tells everything that is wrong.
func (c *WaitConfig) Validate() error {
	return errors.Join(
		within("timeout", c.Timeout, 0, waitTimeoutMax),
		within("records_max", c.RecordsMax, 1, waitRecordsMaxMax),
		within("bytes_max", c.BytesMax, 1, waitBytesMaxMax),
	)
}

// Validate tells everything that is wrong.
func (c *LimitsConfig) Validate() error {
	return errors.Join(
		within("pods_max", c.PodsMax, 1, objectsMaxMax),
		within("services_max", c.ServicesMax, 1, objectsMaxMax),
		within("endpoint_slices_max", c.EndpointSlicesMax, 1, objectsMaxMax),
		within("nodes_max", c.NodesMax, 1, objectsMaxMax),
		within("bytes_max", c.BytesMax, inventoryBytesMin, inventoryBytesMax),
		within("pod_retention", c.PodRetention, 0, podRetentionMax),
	)
}

func within[T int | time.Duration](key string, value, least, most T) error {
	if value < least || value > most {
		return fmt.Errorf("%s: %v is not between %v and %v", key, value, least, most)
	}
	return nil
}

func (c *Config) networks() ([]enrich.Network, error) {
	var all []enrich.Network
	for i, n := range c.Networks {
		if n.Name == "" {
			return nil, fmt.Errorf("networks::%d::name: empty: give the network the name that records shall have", i)
		}
		if len(n.CIDRs) == 0 {
			return nil, fmt.Errorf("networks::%d::cidrs: empty: name a range such as 192.0.2.0/24", i)
		}
		for _, cidr := range n.CIDRs {
			prefix, err := netip.ParsePrefix(cidr)
			if err != nil {
				return nil, fmt.Errorf("networks::%d::cidrs: %w: write a range such as 192.0.2.0/24", i, err)
			}
			all = append(all, enrich.Network{Name: n.Name, Prefix: prefix.Masked()})
		}
	}
	if len(all) > networksMax {
		return nil, fmt.Errorf("networks: %d ranges are more than %d", len(all), networksMax)
	}
	return all, nil
}
