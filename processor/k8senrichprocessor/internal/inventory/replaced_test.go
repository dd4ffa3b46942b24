// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPods_rememberTheImageOfAReplacedContainer(t *testing.T) {
	i := New(testLimits())
	first := pod("a", at(0))
	first.Containers[0].Image, first.Containers[0].ImageID = "shop:1", "shop@sha256:1"
	i.PutPod(first, at(1))
	second := pod("a", at(0))
	second.Containers = []Container{{Name: "main", ID: "new", Image: "shop:2", Restarts: 1}, {Name: "main", ID: "container-a"}}
	i.PutPod(second, at(2))
	p, index := i.PodByContainer("container-a")
	require.NotNil(t, p)
	assert.Equal(t, Container{Name: "main", ID: "container-a", Image: "shop:1", ImageID: "shop@sha256:1"}, p.Containers[index])
	assert.Len(t, p.Containers, 2)
	assert.Empty(t, second.Containers[1].Image, "what was put is not changed")
}

// TestReplace_neverLosesWhatStays looks up what stays, over and over, while lists come.
func TestReplace_neverLosesWhatStays(t *testing.T) {
	i := New(testLimits())
	cluster, host := netip.MustParseAddr("10.96.0.10"), netip.MustParseAddr("192.168.0.1")
	replace := func() {
		i.ReplaceServices([]*Service{{Namespace: "shop", Name: "web", Addresses: []netip.Addr{cluster}}})
		i.ReplaceNodes([]*Node{{Name: "node1", Addresses: []netip.Addr{host}}})
	}
	replace()
	lists, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-lists:
				return
			default:
				replace()
			}
		}
	}()
	for range 20_000 {
		if i.ServiceAt(cluster) == nil || i.NodeAt(host) == nil {
			t.Error("something that stays was not known for a moment")
			break
		}
	}
	close(lists)
	<-ended
}
