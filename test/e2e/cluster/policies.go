// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// What applies NetworkPolicies: kube-router, of which nothing but its firewall runs. It makes rules of iptables and sets of ipset of them.
const (
	policyEngine        = "kube-router"
	policyEngineModule  = "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
	policyEngineVersion = "v2.1.0"
)

// BuildPolicyEngine returns the program that applies NetworkPolicies, from the cache folder meerkat-e2e of the user if it is there. The first
// build takes some minutes.
func BuildPolicyEngine(ctx context.Context) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	folder := filepath.Join(caches, "meerkat-e2e", policyEngine+"-"+policyEngineVersion)
	program := filepath.Join(folder, policyEngine)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	fmt.Printf("Building %s %s in %s, which takes some minutes the first time\n", policyEngine, policyEngineVersion, folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags", "-s -w", policyEngineModule+"@"+policyEngineVersion)
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=", "GOBIN="+folder)
	if _, err := output(command); err != nil {
		return "", fmt.Errorf("build %s %s: %w", policyEngine, policyEngineVersion, err)
	}
	return program, nil
}

// ApplyPolicies has the node apply NetworkPolicies from now on, by the program that BuildPolicyEngine returned. They hold a few seconds later.
func (c *Cluster) ApplyPolicies(program string) error {
	return c.run(program, "--kubeconfig="+c.Kubeconfig(), "--hostname-override="+NodeName, "--run-firewall=true", "--run-router=false",
		"--run-service-proxy=false", "--enable-cni=false", "--metrics-port=0", "--service-cluster-ip-range="+Services.String(),
		"--iptables-sync-period="+policySync.String())
}

// policySync is how often rules are made anew even if nothing has changed.
const policySync = 10 * time.Second
