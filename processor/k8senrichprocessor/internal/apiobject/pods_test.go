// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-11-30T"+text+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

func TestPod_ofThisNode(t *testing.T) {
	c := testConverter(t, Settings{NodeName: "node-1", Cluster: true, Labels: []string{"team"}, Annotations: []string{"example.com/*"}, ServiceLabels: true})
	pod, err := c.Pod(readPod(t, "pod.json"))
	require.NoError(t, err)
	assert.Equal(t, &inventory.Pod{
		UID: "6f0c1c9e-8f43-4f7e-9a57-0d5e4f9ad001", Name: "web-7d4b9c6f5-x2x7k", Namespace: "shop", Node: "node-1",
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("fd00::7")},
		Owners: []inventory.Owner{
			{Kind: inventory.ReplicaSet, Name: "web-7d4b9c6f5", UID: "rs-uid"}, {Kind: inventory.Deployment, Name: "web"},
		},
		Containers: []inventory.Container{
			{Name: "app", ID: "3333", Image: "registry.example.com/shop/web:1.2.3", ImageID: "registry.example.com/shop/web@sha256:bb", Restarts: 2},
			{Name: "proxy", Image: "envoy:1.30"},
			{Name: "migrate", ID: "1111", Image: "shop/migrate:1.2.3", ImageID: "shop/migrate@sha256:aa"},
			{Name: "debugger", Image: "busybox"},
			{Name: "app", ID: "2222", Restarts: 1},
		},
		Attributes: []inventory.Attribute{
			{Name: "deployment.environment.name", Value: "production"},
			{Name: "k8s.pod.annotation.example.com/contact", Value: "shop@example.com"},
			{Name: "k8s.pod.label.team", Value: "checkout"},
			{Name: "service.name", Value: "storefront"},
			{Name: "service.version", Value: "1.2.3"},
		},
		Started: at("10:00:01"), Running: at("10:00:02"),
	}, pod)
	assert.Equal(t, map[string]uint64{CutReservedName: 1}, c.Cut(), "a pod must not pass itself off as one of another namespace")
}

func TestPod_ofAnotherNode(t *testing.T) {
	for _, node := range []string{"node-2", ""} {
		c := testConverter(t, Settings{NodeName: node, Cluster: true, Labels: []string{"*"}})
		pod, err := c.Pod(readPod(t, "pod.json"))
		require.NoError(t, err)
		assert.Empty(t, pod.Containers)
		assert.Empty(t, pod.Attributes)
		assert.Equal(t, []inventory.Owner{{Kind: inventory.ReplicaSet, Name: "web-7d4b9c6f5"}, {Kind: inventory.Deployment, Name: "web"}}, pod.Owners)
		assert.Len(t, pod.Addresses, 2)
	}
}

func TestPod_labelsNameTheService(t *testing.T) {
	p := readPod(t, "pod.json")
	delete(p.Annotations, resourceAnnotationPrefix+"service.name")
	attributes := func(serviceLabels bool) []inventory.Attribute {
		pod, err := testConverter(t, Settings{ServiceLabels: serviceLabels}).Pod(p)
		require.NoError(t, err)
		return pod.Attributes
	}
	assert.Contains(t, attributes(true), inventory.Attribute{Name: "service.name", Value: "web-eu"})
	delete(p.Labels, "app.kubernetes.io/instance")
	assert.Contains(t, attributes(true), inventory.Attribute{Name: "service.name", Value: "web"})
	assert.Equal(t, []inventory.Attribute{{Name: "deployment.environment.name", Value: "production"}}, attributes(false))
}

func TestPod_timesOfItsRun(t *testing.T) {
	ran := func(from, to string) ContainerStatus {
		return ContainerStatus{Name: "c", State: ContainerState{Terminated: &TerminatedState{
			StartedAt: metav1.Time{Time: at(from)}, FinishedAt: metav1.Time{Time: at(to)},
		}}}
	}
	p := &Pod{Metadata: Metadata{UID: "u", Name: "n", CreationTimestamp: metav1.Time{Time: at("09:00:00")}}}
	p.Status.ContainerStatuses = []ContainerStatus{ran("10:00:03", "10:00:09"), ran("10:00:02", "10:00:04")}
	times := func(phase string) (time.Time, time.Time) {
		p.Status.Phase = phase
		return runTimes(p)
	}
	running, ended := times("Running")
	assert.Equal(t, at("10:00:02"), running)
	assert.True(t, ended.IsZero(), "it may run again")
	for _, phase := range []string{"Succeeded", "Failed"} {
		_, ended = times(phase)
		assert.Equal(t, at("10:00:09"), ended)
	}

	// The kubelet lost its containers: their states have no times, or the epoch.
	unknown := TerminatedState{StartedAt: metav1.Unix(0, 0)}
	p.Status.ContainerStatuses = []ContainerStatus{{Name: "c", State: ContainerState{Terminated: &unknown}}}
	running, ended = times("Failed")
	assert.True(t, running.IsZero())
	assert.Equal(t, at("09:00:00"), ended, "there is nothing better than its creation")
	p.Status.Conditions = []Condition{{metav1.Time{Time: at("11:00:00")}}}
	_, ended = times("Failed")
	assert.Equal(t, at("11:00:00"), ended, "when it was marked so")
}

func TestOwners_nothingIsGuessed(t *testing.T) {
	created := time.Unix(29402400*60, 0)
	for name, test := range map[string]struct {
		reference OwnerReference
		hash      string
		want      string
	}{
		"replica set":                  {OwnerReference{"apps/v1", "ReplicaSet", "web-5f", "u", true}, "5f", "replicaset web-5f, deployment web"},
		"replica set without the hash": {OwnerReference{"apps/v1", "ReplicaSet", "web-5f", "u", true}, "", "replicaset web-5f"},
		"hash of another":              {OwnerReference{"apps/v1", "ReplicaSet", "web-5f", "u", true}, "f", "replicaset web-5f"},
		"hash and nothing before it":   {OwnerReference{"apps/v1", "ReplicaSet", "-5f", "u", true}, "5f", "replicaset -5f"},
		"of another group":             {OwnerReference{"example.com/v1", "ReplicaSet", "web-5f", "u", true}, "5f", ""},
		"no controller":                {OwnerReference{"apps/v1", "ReplicaSet", "web-5f", "u", false}, "5f", ""},
		"stateful set":                 {OwnerReference{"apps/v1", "StatefulSet", "db", "u", true}, "", "statefulset db"},
		"daemon set":                   {OwnerReference{"apps/v1", "DaemonSet", "agent", "u", true}, "", "daemonset agent"},
		"node":                         {OwnerReference{"v1", "Node", "node-1", "u", true}, "", ""},
		"scheduled job":                {OwnerReference{"batch/v1", "Job", "backup-29402399", "u", true}, "", "job backup-29402399, cronjob backup"},
		"job a day off":                {OwnerReference{"batch/v1", "Job", "backup-29403841", "u", true}, "", "job backup-29403841"},
		"job with some number":         {OwnerReference{"batch/v1", "Job", "backup-20261130", "u", true}, "", "job backup-20261130"},
		"job with few digits":          {OwnerReference{"batch/v1", "Job", "backup-2940239", "u", true}, "", "job backup-2940239"},
		"job with a zero before":       {OwnerReference{"batch/v1", "Job", "backup-029402399", "u", true}, "", "job backup-029402399"},
		"job with a sign":              {OwnerReference{"batch/v1", "Job", "backup-+29402399", "u", true}, "", "job backup-+29402399"},
		"job with too many digits":     {OwnerReference{"batch/v1", "Job", "backup-29402399294023992940", "u", true}, "", "job backup-29402399294023992940"},
		"job named by a minute":        {OwnerReference{"batch/v1", "Job", "-29402399", "u", true}, "", "job -29402399"},
		"job of another group":         {OwnerReference{"batch.volcano.sh/v1", "Job", "backup-29402399", "u", true}, "", ""},
		"endless name":                 {OwnerReference{"apps/v1", "DaemonSet", strings.Repeat("x", 300), "u", true}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Pod{Metadata: Metadata{
				UID: "u", Name: "n", CreationTimestamp: metav1.Time{Time: created},
				OwnerReferences: []OwnerReference{test.reference}, Labels: map[string]string{templateHashLabel: test.hash},
			}}
			pod, err := testConverter(t, Settings{}).Pod(p)
			require.NoError(t, err)
			var owners []string
			for _, owner := range pod.Owners {
				owners = append(owners, fmt.Sprint(owner.Kind, " ", owner.Name))
			}
			assert.Equal(t, test.want, strings.Join(owners, ", "))
		})
	}
}
