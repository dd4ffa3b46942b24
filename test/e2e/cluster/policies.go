// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"path/filepath"
	"time"

	"github.com/meerkat-otel/meerkat/test/published"
)

// What applies NetworkPolicies: kube-router, of which nothing but its firewall runs. It makes rules of iptables and sets of ipset of them.
const policyEngine = "kube-router"

// BuildPolicyEngine returns the program that applies NetworkPolicies, from the cache if it is there. The first build takes some minutes.
func BuildPolicyEngine(ctx context.Context) (string, error) {
	bin, err := published.Build(ctx, published.Source{
		Name: policyEngine, Module: "github.com/cloudnativelabs/kube-router/v2", Version: "v2.1.0", Commands: []string{"cmd/" + policyEngine},
	})
	return filepath.Join(bin, policyEngine), err
}

// ApplyPolicies has the node apply NetworkPolicies from now on, by the program that BuildPolicyEngine returned. They hold a few seconds later.
func (c *Cluster) ApplyPolicies(program string) error {
	return c.run(program, "--kubeconfig="+c.Kubeconfig(), "--hostname-override="+NodeName, "--run-firewall=true", "--run-router=false",
		"--run-service-proxy=false", "--enable-cni=false", "--metrics-port=0", "--service-cluster-ip-range="+Services.String(),
		"--iptables-sync-period="+policySync.String())
}

// policySync is how often rules are made anew even if nothing has changed.
const policySync = 10 * time.Second
