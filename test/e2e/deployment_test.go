// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
	"github.com/meerkat-otel/meerkat/test/manifests"
)

// deployed is a namespace with the manifests.
type deployed struct {
	t       *testing.T
	cluster *cluster.Cluster
}

// importProduct makes the image as make image does, and gives it to the node.
func importProduct(ctx context.Context, t *testing.T, c *cluster.Cluster) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "image")
	command := exec.CommandContext(ctx, "go", "run", "./distribution/image", "-only", runtime.GOARCH, "-output", folder)
	command.Dir = root
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	require.NoError(t, c.ImportArchive(ctx, filepath.Join(folder, "meerkat-linux-"+runtime.GOARCH+".tar")))
}

// rendered is an overlay.
func rendered(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	text, err := manifests.KustomizeOverlay(ctx, root, name)
	require.NoError(t, err)
	return text
}

// pod returns the pod of a part once it runs as the manifests last applied say.
func (d deployed) pod(ctx context.Context, part string) corev1.Pod {
	d.t.Helper()
	pods, err := d.cluster.WaitPods(ctx, "meerkat", "app.kubernetes.io/component="+part, 1)
	require.NoError(d.t, err)
	return pods[0]
}

// ask asks a server of a pod from the node.
func (d deployed) ask(ctx context.Context, pod corev1.Pod, port int) string {
	d.t.Helper()
	said, err := d.cluster.Run(ctx, "busybox", "wget", "-q", "-O", "-", fmt.Sprintf("http://%s:%d/metrics", pod.Status.PodIP, port))
	if err != nil {
		return ""
	}
	return said
}

// status is what the kernel says of the first process of a pod's container.
func (d deployed) status(ctx context.Context, pod corev1.Pod) map[string]string {
	d.t.Helper()
	_, id, _ := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
	tasks, err := d.cluster.Run(ctx, "ctr", "--namespace", "k8s.io", "tasks", "list")
	require.NoError(d.t, err)
	pid := regexp.MustCompile(`(?m)^` + id + `\s+(\d+)\s`).FindStringSubmatch(tasks)
	require.NotNil(d.t, pid, tasks)
	text, err := os.ReadFile("/proc/" + pid[1] + "/status")
	require.NoError(d.t, err)
	is := map[string]string{"pid": pid[1]}
	for line := range strings.SplitSeq(string(text), "\n") {
		name, value, _ := strings.Cut(line, ":")
		is[name] = strings.TrimSpace(value)
	}
	return is
}

// agentCapabilities are BPF, PERFMON, DAC_READ_SEARCH and NET_ADMIN, as the kernel writes them.
const agentCapabilities = "000000c000001004"

// The manifests are what a cluster takes, and what they start works: agents that see pods with what they are allowed, a gateway that
// gets what they send, and the control API, all of it with NetworkPolicies applied.
func TestDeployment(t *testing.T) {
	engine, err := cluster.BuildPolicyEngine(t.Context())
	require.NoError(t, err)
	c := startCluster(t, cluster.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	defer cancel()
	require.NoError(t, c.ApplyPolicies(engine))
	importProduct(ctx, t, c)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := c.Run(context.Background(), "sh", "-c", "for log in /var/log/pods/meerkat_*/*/*.log; do echo $log; tail -n 12 $log | cut -c 1-400; done")
			t.Logf("the pods say:\n%s", log)
		}
	})
	text, err := os.ReadFile(filepath.Join(root, manifests.File))
	require.NoError(t, err)
	require.NoError(t, c.Apply(ctx, allEvents(string(text))))
	for _, step := range []struct {
		name string
		run  func(context.Context, deployed)
	}{
		{"agent", checkAgent}, {"taken", checkTaken}, {"gateway", checkGateway}, {"control", checkControl},
	} {
		require.True(t, t.Run(step.name, func(t *testing.T) { step.run(ctx, deployed{t: t, cluster: c}) }))
	}
	require.NoError(t, c.Delete(ctx, string(text)))
	_, err = c.WaitPods(ctx, "meerkat", "", 0)
	require.NoError(t, err)
}

// receiverSection is where the configuration of the receiver begins.
var receiverSection = regexp.MustCompile(`(?m)^( +)ebpf:\n`)

// allEvents has agents tell events that are part of no incident, too, of the test's pods: all that a busy machine does would soon be
// more than the kubelet keeps of a log.
func allEvents(text string) string {
	text = strings.ReplaceAll(text, "value: incidents", "value: all")
	return receiverSection.ReplaceAllString(text, "${1}ebpf:\n$1  filters: {include: {namespaces: [default]}}\n")
}

func checkAgent(ctx context.Context, d deployed) {
	agent := d.pod(ctx, "agent")
	status := d.status(ctx, agent)
	for name, want := range map[string]string{
		"Uid": "65532\t65532\t65532\t65532", "CapEff": agentCapabilities, "CapBnd": agentCapabilities, "CapAmb": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2",
	} {
		assert.Equal(d.t, want, status[name], name)
	}
	require.Eventually(d.t, func() bool {
		said := d.ask(ctx, agent, 8888)
		for _, tracer := range tracers() {
			if !strings.Contains(said, `otelcol_ebpf_tracer_state{state="running",tracer="`+tracer+`"} 1`) {
				return false
			}
		}
		return true
	}, patience, pollEvery, "the tracers don't run")
	d.tellUse(agent, "idle")
	d.waitExec(ctx, agent, "first")
	require.Eventually(d.t, func() bool {
		return strings.Contains(d.ask(ctx, agent, 9464), `k8s_pod_name="`+agent.Name+`"`)
	}, patience, pollEvery, "counts don't name pods")
	_, _, err := d.cluster.RunPod(ctx, cluster.ShellPod("busy", "i=0; while [ $i -lt 20000 ]; do /bin/true $i; i=$((i+1)); done", false))
	require.NoError(d.t, err)
	d.tellUse(agent, "after 20,000 execs")
	again := d.pod(ctx, "agent")
	assert.Equal(d.t, agent.UID, again.UID)
	assert.Zero(d.t, again.Status.ContainerStatuses[0].RestartCount)
}

// waitExec runs a pod of the cluster and waits until a collector's log has what it executed, with the pod's names. A gateway may hear of
// a pod that is gone already, so that its status is not compared.
func (d deployed) waitExec(ctx context.Context, collector corev1.Pod, name string) {
	d.t.Helper()
	marker := "meerkat-deployment-" + name
	pod, _, err := d.cluster.RunPod(ctx, cluster.ShellPod(name, "/bin/true "+marker, false))
	require.NoError(d.t, err)
	require.Eventually(d.t, func() bool {
		log, err := d.cluster.PodLog(ctx, "meerkat", collector.Name)
		return err == nil && hasAll(resourceBefore(log, `["/bin/true","`+marker+`"]`),
			"k8s.pod.uid="+string(pod.UID), "k8s.pod.name="+name, "k8s.namespace.name=default", "k8s.container.name=shell",
			"k8s.node.name="+cluster.NodeName, "host.name="+cluster.NodeName)
	}, patience, pollEvery, "%s does not tell what %s has executed", collector.Name, name)
}

// resourceBefore is the line by which the debug exporter tells whose a record is, empty if there is no such record.
func resourceBefore(log, record string) string {
	before, _, found := strings.Cut(log, record)
	if !found {
		return ""
	}
	resource, _, _ := strings.Cut(before[max(0, strings.LastIndex(before, "\nResourceLog "))+1:], "\n")
	return resource
}

func hasAll(text string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text+" ", part+" ") })
}

// tellUse logs what the first process of a pod has used so far.
func (d deployed) tellUse(pod corev1.Pod, when string) {
	d.t.Helper()
	pid := d.status(d.t.Context(), pod)["pid"]
	status, err := os.ReadFile("/proc/" + pid + "/status")
	require.NoError(d.t, err)
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	require.NoError(d.t, err)
	// Ticks of 10 ms in user and kernel mode.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	charged := "unknown"
	for _, name := range []string{"memory/kubepods/*/pod%s/memory.usage_in_bytes", "kubepods/*/pod%s/memory.current"} {
		paths, _ := filepath.Glob("/sys/fs/cgroup/" + fmt.Sprintf(name, pod.UID))
		for _, path := range paths {
			bytes, _ := os.ReadFile(path)
			charged = strings.TrimSpace(string(bytes))
		}
	}
	d.t.Logf("%s: %s; processor time in ticks of 10 ms: %s user, %s kernel; the pod's memory is charged %s bytes", when,
		strings.Join(regexp.MustCompile(`Rss(Anon|File|Shmem):\s+\d+ kB|VmHWM:\s+\d+ kB`).FindAllString(string(status), -1), ", "),
		fields[11], fields[12], charged)
}

// checkTaken has the API server say whether it takes every object of every overlay and of the chart.
func checkTaken(ctx context.Context, d deployed) {
	for _, overlay := range manifests.Overlays() {
		assert.NoError(d.t, d.cluster.Try(ctx, rendered(ctx, d.t, overlay.Name)), overlay.Name)
		text, err := manifests.Template(ctx, root, append([]string{"namespace.create=true"}, overlay.Values...)...)
		require.NoError(d.t, err)
		assert.NoError(d.t, d.cluster.Try(ctx, text), "the chart as %s", overlay.Name)
	}
	text, err := manifests.Template(ctx, root, "agent.perfEventParanoid=true", "agent.state.hostPath=/var/lib/meerkat")
	require.NoError(d.t, err)
	assert.NoError(d.t, d.cluster.Try(ctx, text), "the chart for kernels that ask for CAP_SYS_ADMIN")
}

// checkGateway applies agents with a gateway. Nothing resolves names here, so agents find the Service in their file of hosts.
func checkGateway(ctx context.Context, d deployed) {
	const address = "10.96.0.43"
	text := allEvents(rendered(ctx, d.t, "agent-gateway"))
	text = strings.Replace(text, "  ports:\n  - appProtocol", "  clusterIP: "+address+"\n  ports:\n  - appProtocol", 1)
	text = strings.Replace(text, "      hostPID: true\n", "      hostPID: true\n      hostAliases: [{ip: "+address+", hostnames: [meerkat-gateway.meerkat.svc]}]\n", 1)
	before := d.pod(ctx, "agent")
	require.NoError(d.t, d.cluster.Apply(ctx, text))
	gateway := d.pod(ctx, "gateway")
	require.NoError(d.t, d.cluster.WaitService(ctx, "meerkat", "meerkat-gateway", 2))
	d.waitReplaced(ctx, before)
	status := d.status(ctx, gateway)
	assert.Equal(d.t, "65532\t65532\t65532\t65532", status["Uid"])
	assert.Equal(d.t, "0000000000000000", status["CapEff"])
	d.waitExec(ctx, gateway, "second")
	d.tellUse(gateway, "the gateway")

	ask := fmt.Sprintf("timeout 3 nc %s 4317 </dev/null", gateway.Status.PodIP)
	require.Eventually(d.t, func() bool {
		_, _, err := d.cluster.RunPod(ctx, cluster.ShellPod("stranger", "! "+ask, false))
		return err == nil
	}, patience, pollEvery, "somebody who is no agent may send to the gateway")
}

// waitReplaced waits until an agent is another one, and ready.
func (d deployed) waitReplaced(ctx context.Context, before corev1.Pod) corev1.Pod {
	d.t.Helper()
	var agent corev1.Pod
	require.Eventually(d.t, func() bool {
		agent = d.pod(ctx, "agent")
		return agent.UID != before.UID
	}, patience, pollEvery, "the agent is not replaced")
	return agent
}

func checkControl(ctx context.Context, d deployed) {
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: meerkat-control, namespace: meerkat}\nstringData: {operator: operator-of-the-test, viewer: viewer-of-the-tests}\n"
	before := d.pod(ctx, "agent")
	require.NoError(d.t, d.cluster.Apply(ctx, secret+"---\n"+rendered(ctx, d.t, "agent-control")))
	agent := d.waitReplaced(ctx, before)
	pid := d.status(ctx, agent)["pid"]
	for token, want := range map[string]string{"operator-of-the-test": `"role":"operator"`, "viewer-of-the-tests": `"role":"viewer"`} {
		said, err := d.cluster.Run(ctx, "nsenter", "--target", pid, "--net", "busybox", "wget", "-q", "-O", "-",
			"--header", "Authorization: Bearer "+token, "http://127.0.0.1:9470/v1/whoami")
		require.NoError(d.t, err)
		assert.Contains(d.t, said, want)
	}
}
