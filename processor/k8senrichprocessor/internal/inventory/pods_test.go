// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	start   = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	address = netip.MustParseAddr("10.88.0.7")
)

// at is a number of seconds after the start.
func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

func testLimits() Limits {
	return Limits{
		PodsMax: 100, ServicesMax: 10, EndpointSlicesMax: 10, NodesMax: 10, BytesMax: 1 << 20, PodRetention: time.Minute,
	}
}

// pod has the address and one container, and runs since a time.
func pod(uid string, running time.Time) *Pod {
	return &Pod{
		UID: uid, Name: "pod-" + uid, Namespace: "shop", Node: "node1", Addresses: []netip.Addr{address},
		Containers: []Container{{Name: "main", ID: "container-" + uid}}, Started: running, Running: running,
	}
}

func (i *Inventory) nameAt(seconds float64) string {
	p, ambiguous := i.PodAt(address, at(seconds))
	switch {
	case ambiguous:
		return "ambiguous"
	case p == nil:
		return ""
	}
	return p.UID
}

func TestPods_areFoundByUIDAndContainer(t *testing.T) {
	i := New(testLimits())
	i.PutPod(pod("a", at(0)), at(1))
	assert.Equal(t, "pod-a", i.PodByUID("a").Name)
	p, index := i.PodByContainer("container-a")
	require.NotNil(t, p)
	assert.Equal(t, "main", p.Containers[index].Name)
	assert.Nil(t, i.PodByUID("b"))
	p, _ = i.PodByContainer("")
	assert.Nil(t, p)
}

func TestPods_rememberReplacedContainers(t *testing.T) {
	i := New(testLimits())
	i.PutPod(pod("a", at(0)), at(1))
	restarted := pod("a", at(0))
	restarted.Containers[0].ID = "again"
	i.PutPod(restarted, at(2))
	for _, id := range []string{"container-a", "again"} {
		p, index := i.PodByContainer(id)
		require.NotNil(t, p, id)
		assert.Equal(t, id, p.Containers[index].ID)
	}
}

func TestPods_areFoundForAWhileAfterTheirRemoval(t *testing.T) {
	i := New(testLimits())
	i.PutPod(pod("a", at(0)), at(1))
	i.RemovePod("a", at(10))
	i.Expire(at(69))
	assert.NotNil(t, i.PodByUID("a"))
	i.Expire(at(70))
	assert.Nil(t, i.PodByUID("a"))
	p, _ := i.PodByContainer("container-a")
	assert.Nil(t, p)
	assert.Empty(t, i.nameAt(5))
	assert.Zero(t, i.Stats().Bytes)
	assert.Zero(t, i.Stats().Addresses)
}

func TestPods_replacedByAListAreGone(t *testing.T) {
	i := New(testLimits())
	i.PutPod(pod("a", at(0)), at(1))
	b := pod("b", at(20))
	i.ReplacePods([]*Pod{b}, at(20))
	assert.Equal(t, 1, i.Stats().PodsRemoved)
	i.ReplacePods([]*Pod{pod("a", at(0)), b}, at(21))
	assert.Zero(t, i.Stats().PodsRemoved, "the list before was an old one")
}

// handOver is how an address goes from one pod to the next, and who has it after a number of seconds.
type handOver struct {
	name string
	do   func(i *Inventory)
	want map[float64]string
}

func handOvers() []handOver {
	return []handOver{
		{
			"one pod",
			func(i *Inventory) { i.PutPod(pod("a", at(0)), at(1)) },
			map[float64]string{-1: "", 0: "a", 100: "a"},
		}, {
			"the clock of the node is ahead",
			func(i *Inventory) { i.PutPod(pod("a", at(30)), at(1)) },
			map[float64]string{0: "", 1: "a", 29: "a"},
		}, {
			"the first container tells better than the kubelet's start",
			func(i *Inventory) {
				i.PutPod(&Pod{UID: "a", Addresses: []netip.Addr{address}, Started: at(0)}, at(5))
				i.PutPod(pod("a", at(3)), at(6))
			},
			map[float64]string{2: "", 3: "a"},
		}, {
			"the next pod",
			func(i *Inventory) {
				i.PutPod(pod("a", at(0)), at(1))
				i.RemovePod("a", at(10))
				i.PutPod(pod("b", at(11)), at(12))
			},
			map[float64]string{9.9: "a", 10: "", 10.5: "", 11: "b"},
		}, {
			"the next pod comes before the news of the end",
			func(i *Inventory) {
				i.PutPod(pod("a", at(0)), at(1))
				i.PutPod(pod("b", at(11)), at(12))
				ended := pod("a", at(0))
				ended.Ended = at(9)
				i.PutPod(ended, at(13))
			},
			map[float64]string{9.9: "a", 10.5: "", 11: "b"},
		}, {
			"within the second of the hand-over it may have been both",
			func(i *Inventory) {
				i.PutPod(pod("a", at(0)), at(1))
				ended := pod("a", at(0))
				ended.Ended = at(10)
				i.PutPod(ended, at(12))
				i.PutPod(pod("b", at(10)), at(13))
			},
			map[float64]string{9.9: "a", 10.5: "ambiguous", 11: "b"},
		}, {
			"a pod on the host's network has no address of its own",
			func(i *Inventory) {
				p := pod("a", at(0))
				p.HostNetwork = true
				i.PutPod(p, at(1))
			},
			map[float64]string{5: ""},
		}, {
			"a pod that gets another address",
			func(i *Inventory) {
				i.PutPod(pod("a", at(0)), at(1))
				p := pod("a", at(0))
				p.Addresses = []netip.Addr{netip.MustParseAddr("10.88.0.8")}
				i.PutPod(p, at(5))
			},
			map[float64]string{4: "a", 5: ""},
		},
	}
}

// An address that goes from one pod to the next belongs to whoever had it then.
func TestPodAt(t *testing.T) {
	for _, c := range handOvers() {
		t.Run(c.name, func(t *testing.T) {
			i := New(testLimits())
			c.do(i)
			for seconds, want := range c.want {
				assert.Equal(t, want, i.nameAt(seconds), "after %v s", seconds)
			}
		})
	}
}

// A pod's own connections tell of its address before the API server does.
func TestPods_seenAddress(t *testing.T) {
	i := New(testLimits())
	i.PutNode(&Node{Name: "node1", PodNetworks: []netip.Prefix{netip.MustParsePrefix("10.88.0.0/16")}})
	young := pod("a", at(0))
	young.Addresses = nil
	i.PutPod(young, at(1))
	i.SeePodAddress("a", netip.MustParseAddr("172.17.0.1"), at(2))
	found, _ := i.PodAt(netip.MustParseAddr("172.17.0.1"), at(2))
	assert.Nil(t, found, "a network inside of the pod")
	before := i.Generation()
	i.SeePodAddress("a", address, at(3))
	assert.Greater(t, i.Generation(), before)
	i.SeePodAddress("a", address, at(2))
	assert.Equal(t, "a", i.nameAt(2))
	assert.Empty(t, i.nameAt(1.9))
	i.PutPod(young, at(4))
	assert.Equal(t, "a", i.nameAt(5), "that the API server does not know it yet changes nothing")
	moved := pod("a", at(0))
	moved.Addresses = []netip.Addr{netip.MustParseAddr("10.88.0.8")}
	i.PutPod(moved, at(6))
	assert.Empty(t, i.nameAt(7))
	i.SeePodAddress("a", address, at(8))
	assert.Empty(t, i.nameAt(8), "the API server knows better")
	i.SeePodAddress("unknown", address, at(8))
	i.ReplacePods(nil, at(9))
	i.ReplaceNodes(nil)
	i.Expire(at(1000))
	assert.Zero(t, i.Stats().Bytes)
	assert.Zero(t, i.Stats().Addresses)
}

func TestPods_boundsHold(t *testing.T) {
	limits := testLimits()
	limits.PodsMax, limits.BytesMax = 3, 4000
	i := New(limits)
	for n := range 5 {
		i.PutPod(pod(fmt.Sprint(n), at(0)), at(1))
	}
	assert.Equal(t, 3, i.Stats().Pods)
	assert.EqualValues(t, 2, i.Stats().Refused[KindPod])

	i.RemovePod("0", at(2))
	i.PutPod(pod("5", at(3)), at(3))
	assert.Nil(t, i.PodByUID("0"), "what is gone makes room")
	assert.NotNil(t, i.PodByUID("5"))

	large := pod("5", at(3))
	large.Attributes = []Attribute{{"k8s.pod.label.x", string(make([]byte, 4000))}}
	i.PutPod(large, at(4))
	assert.EqualValues(t, 3, i.Stats().Refused[KindPod])
	assert.Empty(t, i.PodByUID("5").Attributes, "what was known of it stays")
	assert.LessOrEqual(t, i.Stats().Bytes, limits.BytesMax)
}

func TestPods_holdersOfAnAddressAreBounded(t *testing.T) {
	i := New(testLimits())
	for n := range 20 {
		i.PutPod(pod(fmt.Sprint(n), at(float64(10*n))), at(float64(10*n)))
		i.RemovePod(fmt.Sprint(n), at(float64(10*n+5)))
	}
	assert.Equal(t, "19", i.nameAt(192))
	assert.Equal(t, "12", i.nameAt(122))
	assert.Empty(t, i.nameAt(112))
	assert.EqualValues(t, 12, i.Stats().Cut["address"])
	i.Expire(at(1000))
	assert.Zero(t, i.Stats().Addresses)
}

func TestPods_partsAreBounded(t *testing.T) {
	i := New(testLimits())
	p := pod("a", at(0))
	for n := range 1000 {
		p.Containers = append(p.Containers, Container{ID: fmt.Sprint(n)})
	}
	i.PutPod(p, at(1))
	assert.Len(t, i.PodByUID("a").Containers, containersPerPodMax)
	assert.EqualValues(t, 1, i.Stats().Cut[KindPod])
}
