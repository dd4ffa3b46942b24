// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// fillCluster puts what belongs to the pods of podJSON: a Service and a slice for each Deployment, and the nodes.
func fillCluster(t testing.TB, into *inventory.Inventory, pods int, c *Converter) {
	t.Helper()
	decoder := NewDecoder()
	decode := func(format string, arguments ...any) any {
		object, err := decoder.Decode(fmt.Appendf(nil, format, arguments...))
		require.NoError(t, err)
		return object
	}
	for n := 0; n < pods; n += 3 {
		name, namespace := fmt.Sprintf("checkout-service-%d", n/3), fmt.Sprintf("team-%d-production", n/150)
		service, err := c.Service(decode(`{"kind":"Service","apiVersion":"v1","metadata":{"name":%q,"namespace":%q},
			"spec":{"clusterIPs":["10.96.%d.%d"]}}`, name, namespace, n>>8&255, n&255).(*Service))
		require.NoError(t, err)
		into.PutService(service)
		var endpoints []string
		for pod := n; pod < n+3; pod++ {
			endpoints = append(endpoints, fmt.Sprintf(
				`{"addresses":["10.%d.%d.%d"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","uid":"6f0c1c9e-8f43-4f7e-9a57-%012x"}}`,
				pod>>16&255, pod>>8&255, pod&255, pod))
		}
		slice, err := c.EndpointSlice(decode(`{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"%[1]s-x7k2p",
			"namespace":%[2]q,"labels":{"kubernetes.io/service-name":%[1]q}},"ports":[{"port":8080}],"endpoints":[%[3]s]}`,
			name, namespace, strings.Join(endpoints, ",")).(*EndpointSlice))
		require.NoError(t, err)
		into.PutEndpointSlice(slice)
	}
	for n := range pods / 100 {
		node, err := c.Node(decode(`{"kind":"Node","apiVersion":"v1","metadata":{"name":"ip-10-0-%[1]d-%[2]d.eu-central-1.compute.internal"},
			"spec":{"podCIDRs":["10.%[1]d.%[2]d.0/24"]},"status":{"addresses":[{"type":"InternalIP","address":"192.168.%[1]d.%[2]d"}]}}`,
			n/256, n%256).(*Node))
		require.NoError(t, err)
		into.PutNode(node)
	}
}

func TestCluster_takesLittleMemory(t *testing.T) {
	const pods = 1_998
	for name, withPods := range map[string]bool{"cluster": true, "without pods": false} {
		t.Run(name, func(t *testing.T) {
			into := inventory.New(inventory.Limits{
				PodsMax: pods, ServicesMax: pods, EndpointSlicesMax: pods, NodesMax: pods, BytesMax: 1 << 30, PodRetention: time.Minute,
			})
			before := heapBytes()
			c := testConverter(t, Settings{Cluster: true})
			if withPods {
				putPods(t, into, c, pods, false)
			}
			fillCluster(t, into, pods, c)
			each := float64(heapBytes()-before) / pods
			estimated := float64(into.Stats().Bytes) / pods
			t.Logf("%.0f bytes per pod, %.0f estimated", each, estimated)
			assert.InDelta(t, 1, estimated/each, 1./3, "estimate of package inventory")
			assert.Less(t, each, 1.5*podBytesMax)
			runtime.KeepAlive(into)
			runtime.KeepAlive(c)
		})
	}
}
