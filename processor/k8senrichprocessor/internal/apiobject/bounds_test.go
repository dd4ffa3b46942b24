// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

func TestPod_bounds(t *testing.T) {
	c := testConverter(t, Settings{Labels: []string{"*"}, Annotations: []string{"*"}})
	p := &Pod{Metadata: Metadata{UID: "u", Name: "n", Labels: map[string]string{}, Annotations: map[string]string{
		resourceAnnotationPrefix + "long":                     strings.Repeat("é", 4000),
		resourceAnnotationPrefix + strings.Repeat("n", 10000): "v",
		resourceAnnotationPrefix + "meerkat.tracer":           "v",
	}}}
	for index := range 500 {
		p.Labels[fmt.Sprint("key-", index)] = "v"
		p.Spec.Containers = append(p.Spec.Containers, ContainerSpec{fmt.Sprint("c-", index), strings.Repeat("i", 2000)})
		p.Status.PodIPs = append(p.Status.PodIPs, PodIP{fmt.Sprint("10.0.0.", index%256)})
	}
	p.Status.PodIPs[1].IP = "fe80::1%eth0"
	pod, err := c.Pod(p)
	require.NoError(t, err)
	holds(t, pod)
	cut := c.Cut()
	for _, bound := range []string{
		CutImage, CutContainers, CutAddresses, CutAttributes, CutAttributeName, CutAttributeValue, CutReservedName, CutUnreadable,
	} {
		assert.NotZero(t, cut[bound], bound)
	}

	p.Name = strings.Repeat("n", nameBytesMax+1)
	_, err = c.Pod(p)
	require.ErrorIs(t, err, errNoIdentity)
}

// holds tells whether the bounds on a pod do.
func holds(t *testing.T, pod *inventory.Pod) {
	t.Helper()
	assert.LessOrEqual(t, len(pod.Containers), containersPerPodMax)
	assert.LessOrEqual(t, len(pod.Addresses), addressesPerObjectMax)
	assert.LessOrEqual(t, len(pod.Attributes), attributesPerPodMax)
	assert.LessOrEqual(t, len(pod.Owners), 2)
	for _, name := range []string{pod.UID, pod.Name, pod.Namespace, pod.Node} {
		assert.LessOrEqual(t, len(name), nameBytesMax)
	}
	for _, container := range pod.Containers {
		assert.LessOrEqual(t, max(len(container.Name), len(container.ID)), nameBytesMax)
		assert.LessOrEqual(t, max(len(container.Image), len(container.ImageID)), imageBytesMax)
		assert.GreaterOrEqual(t, container.Restarts, int64(0))
	}
	for _, attribute := range pod.Attributes {
		assert.LessOrEqual(t, len(attribute.Name), attributeNameBytesMax)
		assert.LessOrEqual(t, len(attribute.Value), attributeValueBytesMax)
		assert.True(t, utf8.ValidString(attribute.Value))
	}
	assert.False(t, !pod.Ended.IsZero() && pod.Ended.Before(pod.Running))
}

func TestShare_startsAnew(t *testing.T) {
	c := testConverter(t, Settings{})
	for index := range sharedStringsMax + 1 {
		c.share(fmt.Sprint(index))
	}
	assert.EqualValues(t, 1, c.Cut()[CutSharedStrings])
	assert.Len(t, c.shared, 1)
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, key string
		want         bool
	}{
		{"team", "team", true}, {"team", "teams", false}, {"*", "", true}, {"*", "anything", true},
		{"app.*", "app.kubernetes.io/name", true}, {"app.*", "app", false}, {"*/name", "app.kubernetes.io/name", true},
		{"a*b*c", "a-b-c", true}, {"a*b*c", "abc", true}, {"a*b*c", "acb", false}, {"a*a", "a", false}, {"a**a", "aa", true},
	} {
		p, err := compile("labels", []string{test.pattern})
		require.NoError(t, err)
		assert.Equal(t, test.want, p.match(test.key), "%s %s", test.pattern, test.key)
	}
	_, err := NewConverter(Settings{Labels: []string{"ok", ""}, Annotations: make([]string, patternsMax+1)})
	require.ErrorContains(t, err, "labels[1]: empty")
	require.ErrorContains(t, err, "annotations: 65 patterns, 64 are allowed")
}

func TestClusterObjects(t *testing.T) {
	c := testConverter(t, Settings{})
	service, err := c.Service(&Service{
		Metadata: Metadata{Name: "web", Namespace: "shop"},
		Spec:     ServiceSpec{ClusterIP: "10.96.0.1", ClusterIPs: []string{"10.96.0.1", "fd00::1"}, ExternalIPs: []string{"203.0.113.1"}},
	})
	require.NoError(t, err)
	assert.Len(t, service.Addresses, 3)
	headless, err := c.Service(&Service{Metadata: Metadata{Name: "db"}, Spec: ServiceSpec{ClusterIP: "None"}})
	require.NoError(t, err)
	assert.Empty(t, headless.Addresses)

	slice, err := c.EndpointSlice(&EndpointSlice{
		Metadata: Metadata{Name: "web-1", Labels: map[string]string{serviceNameLabel: "web"}},
		Ports:    []EndpointPort{{80}, {80}, {0}, {70000}, {-1}},
		Endpoints: append([]Endpoint{
			{[]string{"10.0.0.1"}, &ObjectReference{"Pod", "u"}}, {[]string{"example.com"}, &ObjectReference{"VirtualMachine", "v"}},
		}, make([]Endpoint, 2000)...),
	})
	require.NoError(t, err)
	assert.Equal(t, []uint16{80}, slice.Ports)
	assert.Equal(t, "web", slice.Service)
	assert.Len(t, slice.Endpoints, endpointsPerSliceMax)
	assert.Equal(t, "u", slice.Endpoints[0].PodUID)
	assert.Empty(t, slice.Endpoints[1])

	node, err := c.Node(&Node{
		Metadata: Metadata{Name: "node-1"}, Spec: NodeSpec{PodCIDR: "10.0.0.7/24"},
		Status: NodeStatus{[]NodeAddress{{"InternalIP", "192.168.0.1"}, {"Hostname", "node-1"}}},
	})
	require.NoError(t, err)
	assert.Len(t, node.Addresses, 1)
	assert.Equal(t, "10.0.0.0/24", node.PodNetworks[0].String())
	for _, fails := range []func() error{
		func() error { _, err := c.Service(&Service{}); return err },
		func() error { _, err := c.EndpointSlice(&EndpointSlice{}); return err },
		func() error { _, err := c.Node(&Node{}); return err },
	} {
		require.ErrorIs(t, fails(), errNoName)
	}
}

func FuzzObject(f *testing.F) {
	pod, err := os.ReadFile("testdata/pod.json")
	require.NoError(f, err)
	f.Add(pod)
	f.Add([]byte(`{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a","uid":"u"}}]}`))
	f.Add([]byte(`{"kind":"Service","apiVersion":"v1","metadata":{"name":"s"},"spec":{"clusterIPs":["10.0.0.1","None"]},"status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}}`))
	f.Add([]byte(`{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"e"},"endpoints":[{"addresses":["::1"],"targetRef":{"kind":"Pod","uid":"u"}}],"ports":[{"port":80}]}`))
	f.Add([]byte(`{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"},"spec":{"podCIDR":"10.0.0.0/24"},"status":{"addresses":[{"type":"InternalIP","address":"1.1.1.1"}]}}`))
	f.Add([]byte(`{"kind":"Status","apiVersion":"v1","code":410}`))
	decoder := NewDecoder()
	c := testConverter(f, Settings{Labels: []string{"*"}, Annotations: []string{"a*b"}, ServiceLabels: true})
	f.Fuzz(func(t *testing.T, data []byte) {
		object, err := decoder.Decode(data)
		if err != nil {
			return
		}
		switch o := object.(type) {
		case *Pod:
			if pod, err := c.Pod(o); err == nil {
				holds(t, pod)
			}
		case *PodList:
			for index := range o.Items {
				if pod, err := c.Pod(&o.Items[index]); err == nil {
					holds(t, pod)
				}
			}
		case *Service:
			_, _ = c.Service(o)
		case *EndpointSlice:
			_, _ = c.EndpointSlice(o)
		case *Node:
			_, _ = c.Node(o)
		case metav1.ObjectMetaAccessor:
			t.Fatalf("%T is not converted", o)
		}
	})
}
