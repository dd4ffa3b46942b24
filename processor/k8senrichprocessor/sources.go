// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"fmt"
	"os"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiobject"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiserver"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/kubelet"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// source learns of the cluster, and tells the inventory.
type source interface {
	// Start begins, and does not wait for an answer.
	Start(ctx context.Context) error
	// Shutdown may be called without Start.
	Shutdown(ctx context.Context) error
	// State says how it stands with each kind of objects.
	State() []sourcestate.Kind
}

// Variables that the kubelet sets in every pod, and that manifests set by convention.
const (
	serviceHostVariable = "KUBERNETES_SERVICE_HOST"
	nodeNameVariable    = "K8S_NODE_NAME"
)

func (c *Config) chosenSource() string {
	switch {
	case c.Source != sourceAuto:
		return c.Source
	case os.Getenv(serviceHostVariable) == "":
		return sourceNone
	}
	return sourceAPIServer
}

func (c *Config) nodeName() string {
	if c.NodeName != "" {
		return c.NodeName
	}
	return os.Getenv(nodeNameVariable)
}

// validateSource is about the source that is chosen.
func (c *Config) validateSource() error {
	switch c.chosenSource() {
	case sourceAPIServer:
		if c.Scope == scopeNode && c.nodeName() == "" {
			return fmt.Errorf("node_name: needed to ask for the pods of this node: set it, or the variable %s from the pod's spec.nodeName", nodeNameVariable)
		}
		settings := c.apiServer()
		if err := settings.Validate(); err != nil {
			return fmt.Errorf("api_server: %w", err)
		}
	case sourceKubelet:
		settings := c.kubeletSettings()
		if err := settings.Validate(); err != nil {
			return fmt.Errorf("kubelet: %w", err)
		}
	}
	return nil
}

func (c *Config) apiServer() apiserver.Settings {
	settings := apiserver.DefaultSettings()
	a := &c.APIServer
	settings.AuthType, settings.PageSize = apiserver.AuthType(a.AuthType), a.PageSize
	settings.KubeconfigPath, settings.KubeconfigContext = a.Kubeconfig.Path, a.Kubeconfig.Context
	settings.Endpoint, settings.TokenFile, settings.CAFile = a.Endpoint, a.TokenFile, a.CAFile
	settings.Cluster, settings.NodeName = c.Scope == scopeCluster, c.nodeName()
	return settings
}

func (c *Config) kubeletSettings() kubelet.Settings {
	settings := kubelet.DefaultSettings()
	k := &c.Kubelet
	settings.Endpoint, settings.TokenFile, settings.CAFile = k.Endpoint, k.TokenFile, k.CAFile
	settings.InsecureSkipVerify, settings.Interval = k.InsecureSkipVerify, k.Interval
	return settings
}

func (c *Config) conversion() apiobject.Settings {
	return apiobject.Settings{
		NodeName: c.nodeName(), Cluster: c.Scope == scopeCluster, Labels: c.PodLabels, Annotations: c.PodAnnotations,
		ServiceLabels: c.ServiceLabels,
	}
}

// newSources makes what fills an inventory. The configuration is valid, so that the converter is too.
func (c *Config) newSources(into *inventory.Inventory, logger *zap.Logger) ([]source, *apiobject.Converter) {
	converter, err := apiobject.NewConverter(c.conversion())
	if err != nil {
		return nil, nil
	}
	switch c.chosenSource() {
	case sourceAPIServer:
		return []source{apiserver.New(c.apiServer(), into, converter, logger)}, converter
	case sourceKubelet:
		return []source{kubelet.New(c.kubeletSettings(), into, converter, logger)}, converter
	}
	return nil, converter
}
