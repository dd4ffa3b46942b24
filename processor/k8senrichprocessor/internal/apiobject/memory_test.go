// SPDX-License-Identifier: Apache-2.0

package apiobject

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/inventory"
)

// podBytesMax is what a pod of another node may take, with everything that is kept to find it.
const podBytesMax = 1000

// podJSON is pod number n of a made-up cluster: 100 pods on a node, 3 in a Deployment, 50 Deployments in a namespace.
func podJSON(n int, dualStack bool) []byte {
	deployment := fmt.Sprintf("%s-service-%d", [...]string{"checkout", "recommendation", "ad", "payment-gateway", "user-profile"}[n/3%5], n/3)
	hash := fmt.Sprintf("%010x", uint64(n/3)*2654435761%(1<<40))
	addresses := fmt.Sprintf(`{"ip":"10.%d.%d.%d"}`, n>>16&255, n>>8&255, n&255)
	if dualStack {
		addresses += fmt.Sprintf(`,{"ip":"fd00::%x:%x"}`, n>>16, n&0xffff)
	}
	return fmt.Appendf(nil, `{"kind":"Pod","apiVersion":"v1","metadata":{
		"name":"%[1]s-%[2]s-%[3]s","generateName":"%[1]s-%[2]s-","namespace":"team-%[4]d-production","uid":"6f0c1c9e-8f43-4f7e-9a57-%012[5]x",
		"resourceVersion":"%[5]d","creationTimestamp":"2026-11-30T09:59:59Z","labels":{"app":"%[1]s","pod-template-hash":"%[2]s"},
		"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-30T09:59:58Z"},
		"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"%[1]s-%[2]s","uid":"0a1b2c3d-8f43-4f7e-9a57-%012[5]x","controller":true}]},
		"spec":{"nodeName":"ip-10-0-%[6]d-%[7]d.eu-central-1.compute.internal","containers":[{"name":"app","image":"registry.example.com/%[1]s:1.2.3"}]},
		"status":{"phase":"Running","podIPs":[%[8]s],"startTime":"2026-11-30T10:00:00Z","containerStatuses":[{"name":"app",
		"image":"registry.example.com/%[1]s:1.2.3","imageID":"registry.example.com/%[1]s@sha256:%064[5]x","containerID":"containerd://%064[5]x",
		"restartCount":0,"state":{"running":{"startedAt":"2026-11-30T10:00:01Z"}}}]}}`,
		deployment, hash, fmt.Sprintf("%05x", uint64(n)*40503%(1<<20)), n/150, n, n/100/256, n/100%256, addresses)
}

func heapBytes() int64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}

// fill reads pods as a source does, and returns what the heap grew by.
func fill(t testing.TB, pods int, settings Settings, dualStack bool) (*inventory.Inventory, int64) {
	t.Helper()
	into := inventory.New(inventory.Limits{PodsMax: pods, BytesMax: 1 << 30, PodRetention: time.Minute})
	before := heapBytes()
	c := testConverter(t, settings)
	putPods(t, into, c, pods, dualStack)
	grown := heapBytes() - before
	runtime.KeepAlive(c)
	require.Equal(t, pods, into.Stats().Pods)
	return into, grown
}

func putPods(t testing.TB, into *inventory.Inventory, c *Converter, pods int, dualStack bool) {
	t.Helper()
	decoder := NewDecoder()
	for n := range pods {
		object, err := decoder.Decode(podJSON(n, dualStack))
		require.NoError(t, err)
		pod, err := c.Pod(object.(*Pod))
		require.NoError(t, err)
		into.PutPod(pod, time.Now())
	}
}

func TestPod_takesLittleMemory(t *testing.T) {
	const pods = 2_000
	for name, test := range map[string]struct {
		settings  Settings
		dualStack bool
		bytesMax  float64
	}{
		"far":            {Settings{Cluster: true}, false, podBytesMax},
		"far dual stack": {Settings{Cluster: true}, true, 1.5 * podBytesMax},
		"near":           {Settings{}, false, 2 * podBytesMax},
	} {
		t.Run(name, func(t *testing.T) {
			into, grown := fill(t, pods, test.settings, test.dualStack)
			each, estimated := float64(grown)/pods, float64(into.Stats().Bytes)/pods
			t.Logf("%.0f bytes per pod, %.0f estimated", each, estimated)
			assert.Less(t, each, test.bytesMax)
			assert.InDelta(t, 1, estimated/each, 1./3, "estimate of package inventory")
			runtime.KeepAlive(into)
		})
	}
}

// BenchmarkPodMemory prints bytes per pod of another node.
func BenchmarkPodMemory(b *testing.B) {
	for _, pods := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(pods), func(b *testing.B) {
			for b.Loop() {
				into, grown := fill(b, pods, Settings{Cluster: true}, false)
				b.ReportMetric(float64(grown)/float64(pods), "bytes/pod")
				b.ReportMetric(float64(into.Stats().Bytes)/float64(pods), "estimated-bytes/pod")
				runtime.KeepAlive(into)
			}
		})
	}
}

// BenchmarkDecode reads one pod and turns it into what is kept.
func BenchmarkDecode(b *testing.B) {
	decoder, data := NewDecoder(), podJSON(1, false)
	c := testConverter(b, Settings{})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		object, err := decoder.Decode(data)
		require.NoError(b, err)
		_, err = c.Pod(object.(*Pod))
		require.NoError(b, err)
	}
}
