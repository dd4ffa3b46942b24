// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Owner is what owns pods, as keys of workloads name it.
type Owner struct {
	// Cluster is empty if nobody named it.
	Cluster, Namespace, Kind, Name string
}

var ownerKinds = []string{"deployment", "statefulset", "daemonset", "cronjob", "job", "replicaset", "pod"}

// OwnerOf reads the key of a workload: cluster, if it has a name, namespace, kind, name and container.
func OwnerOf(workload string) (Owner, error) {
	parts := strings.Split(workload, "/")
	for at := 1; at <= 2 && at+1 < len(parts); at++ {
		if slices.Contains(ownerKinds, parts[at]) {
			owner := Owner{Namespace: parts[at-1], Kind: parts[at], Name: parts[at+1]}
			if at == 2 {
				owner.Cluster = parts[0]
			}
			return owner, nil
		}
	}
	return Owner{}, fmt.Errorf("%w: %q is no workload of a cluster, such as shop/deployment/web/app: policies of the network are for pods that k8s_enrich knows",
		ErrNoPods, workload)
}

// String is the part of the key that all containers of the pods have in common.
func (o Owner) String() string {
	key := o.Namespace + "/" + o.Kind + "/" + o.Name
	if o.Cluster != "" {
		return o.Cluster + "/" + key
	}
	return key
}
