// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/sourcestate"
)

// The conversations of these tests were recorded from kube-apiserver 1.37.2 with etcd 3.6.5. Its users had the rights
// of testdata/rbac-node.yaml, and in the second one those of rbac-cluster.yaml some moments later.

func TestRecorded_aNode(t *testing.T) {
	player, s := play(t, "recorded-node", false)
	s.await("the last pod", func() bool { return s.podNamed("latenode") == "late-node" })
	assert.True(t, s.into.Completed())
	s.await("its removal", func() bool { return s.into.Stats().PodsRemoved == 1 })
	pod, _ := s.into.PodByContainer("c0")
	require.NotNil(t, pod)
	assert.Equal(t, "web-7d4b9c6f5-a", pod.Name)
	assert.Equal(t, []inventory.Owner{
		{Kind: inventory.ReplicaSet, Name: "web-7d4b9c6f5", UID: "5c4b6f00-0000-4000-8000-000000000001"}, {Kind: inventory.Deployment, Name: "web"},
	}, pod.Owners)
	assert.Nil(t, s.into.PodByUID("c1"), "a pod of another node")
	assert.Empty(t, player.Unknown())
}

func TestRecorded_aClusterWhoseRightsComeLate(t *testing.T) {
	player, s := play(t, "recorded-cluster", true)
	s.await("complete", s.into.Completed)
	s.await("the last pod", func() bool { return s.into.Stats().PodsRemoved == 1 })
	far, _ := s.into.PodAt(netip.MustParseAddr("10.0.2.3"), time.Now())
	require.NotNil(t, far)
	assert.Equal(t, "web-7d4b9c6f5-b", far.Name)
	assert.Equal(t, "web", s.into.ServiceAt(netip.MustParseAddr("10.96.7.7")).Name)
	assert.Equal(t, "kubernetes", s.into.ServiceAt(netip.MustParseAddr("10.96.0.1")).Name)
	assert.Equal(t, "node-2", s.into.NodeAt(netip.MustParseAddr("192.168.0.2")).Name)
	assert.Equal(t, 1, s.into.Stats().EndpointSlices)
	assert.ElementsMatch(t, []string{"service forbidden", "node forbidden", "endpoint_slice forbidden"}, s.warnings())
	for _, state := range s.source.State() {
		assert.Equal(t, sourcestate.Watching, state.Phase, state.Kind)
	}
	assert.Empty(t, player.Unknown())
}
