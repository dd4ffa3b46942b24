// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"strconv"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

const (
	templateHashLabel = "pod-template-hash"
	// jobMinuteDigitsMin is how many digits the minutes since the epoch have since 1989.
	jobMinuteDigitsMin = 8
	// jobMinuteDigitsMax keeps the minutes far from where numbers end.
	jobMinuteDigitsMax = 12
	// jobDelayMax is how far a scheduled minute and the creation of the pod may be apart. A Job may start late,
	// or its pods may; a name that happens to end in some number is hardly ever within a day.
	jobDelayMax = 24 * time.Hour
)

// ownerKinds are the kinds that the semantic conventions have names for, by the group that they are of: other
// groups have kinds of the same name.
var ownerKinds = map[string]map[string]inventory.Kind{
	"apps": {
		"ReplicaSet": inventory.ReplicaSet, "StatefulSet": inventory.StatefulSet,
		"DaemonSet": inventory.DaemonSet, "Deployment": inventory.Deployment,
	},
	"batch": {"Job": inventory.Job, "CronJob": inventory.CronJob},
}

// owners returns the object that made a pod, and the one that made that one where a name proves it.
func (c *Converter) owners(p *Pod, far bool) []inventory.Owner {
	made, ok := c.controller(p, far)
	if !ok {
		return nil
	}
	var above inventory.Owner
	switch made.Kind {
	case inventory.ReplicaSet:
		above = inventory.Owner{Kind: inventory.Deployment, Name: deploymentOf(made.Name, p.Labels[templateHashLabel])}
	case inventory.Job:
		above = inventory.Owner{Kind: inventory.CronJob, Name: cronJobOf(made.Name, p.CreationTimestamp.Time)}
	}
	if above.Name == "" {
		return []inventory.Owner{made}
	}
	return []inventory.Owner{made, above}
}

func (c *Converter) controller(p *Pod, far bool) (inventory.Owner, bool) {
	for _, reference := range p.OwnerReferences {
		if !reference.Controller {
			continue
		}
		group, _, _ := strings.Cut(reference.APIVersion, "/")
		kind, ok := ownerKinds[group][reference.Kind]
		name := c.name(reference.Name)
		if !ok || name == "" {
			return inventory.Owner{}, false
		}
		if strings.HasPrefix(p.Name, name) { // it nearly always does; then it need not be kept twice
			name = p.Name[:len(name)]
		}
		owner := inventory.Owner{Kind: kind, Name: name}
		if !far {
			owner.UID = c.sharedName(reference.UID)
		}
		return owner, true
	}
	return inventory.Owner{}, false
}

// deploymentOf returns the Deployment of a ReplicaSet; it is empty if nothing proves that there is one. The
// controller of Deployments names a ReplicaSet <deployment>-<hash>, and labels its pods with the hash.
func deploymentOf(replicaSet, hash string) string {
	if hash == "" {
		return ""
	}
	name, ok := strings.CutSuffix(replicaSet, "-"+hash)
	if !ok {
		return ""
	}
	return name
}

// cronJobOf returns the CronJob of a Job; it is empty if nothing proves that there is one. The controller of
// CronJobs, since Kubernetes 1.21, names a Job <cronjob>-<scheduled time in minutes since the epoch>.
func cronJobOf(job string, created time.Time) string {
	dash := strings.LastIndexByte(job, '-')
	if dash < 1 || created.IsZero() {
		return ""
	}
	digits := job[dash+1:]
	if len(digits) < jobMinuteDigitsMin || len(digits) > jobMinuteDigitsMax || digits[0] == '0' {
		return ""
	}
	minutes, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return ""
	}
	if created.Sub(time.Unix(int64(minutes)*60, 0)).Abs() > jobDelayMax {
		return ""
	}
	return job[:dash]
}
