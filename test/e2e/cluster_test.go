// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// greeters are two pods that tell their names, and a Service in front of them.
const greeters = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: greeter, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: greeter}}
  template:
    metadata: {labels: {app: greeter}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: greeter
          image: meerkat.test/busybox:1
          command: [/bin/sh, -c, "mkdir /www; echo $HOSTNAME >/www/index.html; exec httpd -f -p 8080 -h /www"]
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: greeter, namespace: default}
spec:
  clusterIP: 10.96.0.80
  selector: {app: greeter}
  ports: [{port: 80, targetPort: 8080}]
`

const greeterService = "10.96.0.80:80"

// asking is a command of a shell that asks so many times, each time until there is an answer.
func asking(address string, times int) string {
	return fmt.Sprintf("for i in $(seq %d); do until timeout 5 wget -q -O - http://%s/; do sleep 0.1; done; done", times, address)
}

func TestCluster(t *testing.T) {
	before := settings(t)
	// What is first here is last in the end.
	t.Cleanup(func() { assert.Equal(t, before, settings(t), "settings of the machine") })
	c := startCluster(t, cluster.Options{Pods: netip.MustParsePrefix("10.244.7.0/27")})
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()

	require.NoError(t, c.Apply(ctx, greeters))
	started := time.Now()
	pods, err := c.WaitPods(ctx, "default", "app=greeter", 2)
	require.NoError(t, err)
	t.Logf("two pods were ready after %s", time.Since(started).Round(100*time.Millisecond))
	require.NoError(t, c.WaitService(ctx, "default", "greeter", 2))
	names := []string{pods[0].Name, pods[1].Name}

	checkService(ctx, t, c, names, pods[0].Status.PodIP)
	checkOutside(ctx, t, c)
	for _, url := range []string{
		fmt.Sprintf("https://%s:%d/pods", cluster.NodeAddress, cluster.KubeletPort),
		fmt.Sprintf("http://%s:%d/pods", cluster.NodeAddress, cluster.KubeletReadOnlyPort),
	} {
		assert.Contains(t, ask(t, c, url), names[0], url)
	}

	require.NoError(t, c.KillAPIServer())
	_, err = c.Pods(ctx, "default", "")
	require.Error(t, err)
	printed, err := c.Run(ctx, "busybox", "sh", "-c", asking(greeterService, 1))
	require.NoError(t, err)
	assert.Contains(t, names, strings.TrimSpace(printed))
	require.NoError(t, c.StartAPIServer(ctx))
	again, err := c.WaitPods(ctx, "default", "app=greeter", 2)
	require.NoError(t, err)
	assert.Equal(t, pods[0].UID, again[0].UID)

	tellMemory(t, c)
	require.NoError(t, c.Delete(ctx, greeters))
	_, err = c.WaitPods(ctx, "default", "app=greeter", 0)
	require.NoError(t, err)
}

// checkService asks the greeters through their Service, and the first one by its address, from a pod and from one on the node's
// network.
func checkService(ctx context.Context, t *testing.T, c *cluster.Cluster, names []string, address string) {
	t.Helper()
	for _, onHostNetwork := range []bool{false, true} {
		name := fmt.Sprintf("asking-%t", onHostNetwork)
		_, printed, err := c.RunPod(ctx, cluster.ShellPod(name, asking(greeterService, 40), onHostNetwork))
		require.NoError(t, err)
		assert.Subset(t, names, strings.Fields(printed))
		assert.Subset(t, strings.Fields(printed), names, "both have been asked")

		_, printed, err = c.RunPod(ctx, cluster.ShellPod(name, asking(address+":8080", 1), onHostNetwork))
		require.NoError(t, err)
		assert.Equal(t, names[0], strings.TrimSpace(printed))
	}
	tracked, err := c.Run(ctx, "conntrack", "-L", "--orig-dst", "10.96.0.80")
	require.NoError(t, err)
	assert.Contains(t, tracked, "src="+address+" ")
	t.Logf("what is tracked of connections to the Service begins with:\n%s", tracked[:strings.IndexByte(tracked, '\n')])
}

// checkOutside asks a server on this machine from a pod.
func checkOutside(ctx context.Context, t *testing.T, c *cluster.Cluster) {
	t.Helper()
	outside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "from outside") }))
	require.NoError(t, outside.Listener.Close())
	var err error
	outside.Listener, err = net.Listen("tcp4", netip.AddrPortFrom(cluster.MachineAddress, 0).String())
	require.NoError(t, err)
	outside.Start()
	defer outside.Close()
	_, printed, err := c.RunPod(ctx, cluster.ShellPod("outside", asking(outside.Listener.Addr().String(), 1), false))
	require.NoError(t, err)
	assert.Equal(t, "from outside", printed)
}

// ask asks one of the node's servers from this machine, as who may do everything.
func ask(t *testing.T, c *cluster.Cluster, url string) string {
	t.Helper()
	client, err := rest.HTTPClientFor(c.Config())
	require.NoError(t, err)
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode, string(content))
	return string(content)
}

func tellMemory(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	used, err := c.Memory()
	require.NoError(t, err)
	var all uint64
	var table strings.Builder
	for _, name := range slices.Sorted(maps.Keys(used)) {
		all += used[name]
		fmt.Fprintf(&table, "\n%8.1f MB %s", float64(used[name])/1e6, name)
	}
	t.Logf("the components use %.0f MB:%s", float64(all)/1e6, table.String())
}

// settings are those of the machine that a kubelet changes.
func settings(t *testing.T) map[string]string {
	t.Helper()
	is := map[string]string{}
	for _, name := range []string{
		"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward",
		"net/netfilter/nf_conntrack_max",
	} {
		content, err := os.ReadFile("/proc/sys/" + name)
		require.NoError(t, err)
		is[name] = string(content)
	}
	return is
}
