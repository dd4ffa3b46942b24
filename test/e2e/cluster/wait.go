// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WaitService returns when connections to a Service are translated to so many addresses and ports. Pods are ready some time
// before.
func (c *Cluster) WaitService(ctx context.Context, namespace, name string, endpoints int) error {
	// kube-proxy has a rule for each, with a comment such as default/web:http -> 10.244.0.7:8080.
	rule := regexp.MustCompile(`"` + regexp.QuoteMeta(namespace+"/"+name) + `(:[a-z0-9-]+)? -> `)
	return c.poll(ctx, "Service "+namespace+"/"+name, func() error {
		rules, err := c.Run(ctx, "iptables-save", "-t", "nat")
		if err != nil {
			return err
		}
		if found := len(rule.FindAllString(rules, -1)); found != endpoints {
			return fmt.Errorf("it leads to %d endpoints", found)
		}
		return nil
	})
}

// waitNode returns when the node takes pods that tolerate nothing.
func (c *Cluster) waitNode(ctx context.Context) error {
	return c.poll(ctx, "the node", func() error {
		object, err := c.Objects(corev1.SchemeGroupVersion.WithResource("nodes")).Get(ctx, NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		var node corev1.Node
		if err := convert(object, &node); err != nil {
			return err
		}
		ready := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
		if !ready || len(node.Spec.Taints) > 0 {
			return fmt.Errorf("conditions %+v, taints %+v", node.Status.Conditions, node.Spec.Taints)
		}
		return nil
	})
}
