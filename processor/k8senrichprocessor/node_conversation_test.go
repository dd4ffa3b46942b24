// SPDX-License-Identifier: Apache-2.0

//go:build linux

package k8senrichprocessor

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodeAPI makes conversations out of one that was recorded: the requests and the objects are a real API server's, with
// the names, owners and states of other pods put in.
type nodeAPI struct {
	t *testing.T
	// opening is the request for pods, bookmark the end of the first answer, pod what is said of a pod.
	opening, bookmark, pod string
	// others are the exchanges about other kinds of objects.
	others  []string
	version int
}

// nodePodState is what the API server knows of a pod: nothing but that it is wanted, or also when it ran.
type nodePodState struct{ running, ended time.Time }

// recordedNode is the conversation of an agent that may read the pods of its node, recordedCluster that of one that may
// read the cluster's objects.
const (
	recordedNode    = "internal/apiserver/testdata/recorded-node.txt"
	recordedCluster = "internal/apiserver/testdata/recorded-cluster.txt"
)

func newNodeAPI(t *testing.T, recording string) *nodeAPI {
	t.Helper()
	text, err := os.ReadFile(recording)
	require.NoError(t, err)
	a := &nodeAPI{t: t, version: 1000}
	for _, exchange := range strings.Split("\n"+string(text), "\n> ")[1:] {
		lines := strings.Split(strings.TrimSpace(exchange), "\n")
		switch {
		case lines[1] != "< 200":
		case !strings.HasPrefix(lines[0], "GET /api/v1/pods?"):
			a.others = append(a.others, "> "+strings.Join(lines, "\n"))
		default:
			a.opening = "> " + lines[0]
			a.pod = lines[2]
			for _, line := range lines {
				if strings.HasPrefix(line, `{"type":"BOOKMARK"`) {
					a.bookmark = line
				}
			}
		}
	}
	require.NotEmpty(t, a.bookmark)
	return a
}

// first is what is said to a source that begins, again one that goes on after the connection was lost. Lines are
// what comes after the pods that there are.
func (a *nodeAPI) first(there []string, lines ...string) string {
	return strings.Join(a.others, "\n") + "\n" + a.exchange(a.opening, there, lines)
}

func (a *nodeAPI) again(there []string, lines ...string) string {
	path, query, _ := strings.Cut(strings.Replace(a.opening, "> ", "> always ", 1), "?")
	selector := ""
	for parameter := range strings.SplitSeq(query, "&") {
		if strings.HasPrefix(parameter, "fieldSelector=") {
			selector = "&" + parameter
		}
	}
	return a.exchange(path+"?watch=true&resourceVersion=*"+selector, there, lines)
}

func (a *nodeAPI) exchange(request string, there, lines []string) string {
	all := append([]string{request, "< 200"}, there...)
	all = append(all, a.bookmark)
	return strings.Join(append(all, lines...), "\n") + "\n"
}

// says is the line with which the API server tells of a pod.
func (a *nodeAPI) says(p nodePod, state nodePodState) string {
	a.t.Helper()
	var event map[string]any
	require.NoError(a.t, json.Unmarshal([]byte(a.pod), &event))
	object := event["object"].(map[string]any)
	metadata, spec := object["metadata"].(map[string]any), object["spec"].(map[string]any)
	a.version++
	metadata["name"], metadata["namespace"], metadata["uid"] = p.name, p.namespace(), p.uid()
	metadata["resourceVersion"] = strconv.Itoa(a.version)
	metadata["labels"] = map[string]any{"job-name": p.job}
	metadata["ownerReferences"] = []any{map[string]any{
		"apiVersion": "batch/v1", "kind": "Job", "name": p.job, "uid": "5c4b6f00-0000-4000-8000-000000000002", "controller": true,
	}}
	spec["nodeName"], spec["hostNetwork"] = nodeName, p.address == ""
	container := spec["containers"].([]any)[0].(map[string]any)
	container["name"], container["image"] = p.container(), p.image()+":1"
	object["status"] = p.status(object["status"].(map[string]any), state)
	line, err := json.Marshal(event)
	require.NoError(a.t, err)
	return string(line)
}

// status changes the recorded status of a running pod.
func (p nodePod) status(recorded map[string]any, state nodePodState) map[string]any {
	if state.running.IsZero() {
		return map[string]any{"phase": "Pending", "qosClass": "BestEffort"}
	}
	running := state.running.UTC().Format(time.RFC3339)
	recorded["startTime"] = running
	address := p.address
	if address == "" {
		address = "192.168.0.1"
	}
	recorded["podIP"], recorded["podIPs"] = address, []any{map[string]any{"ip": address}}
	container := recorded["containerStatuses"].([]any)[0].(map[string]any)
	container["name"], container["image"] = p.container(), p.image()+":1"
	container["imageID"], container["containerID"] = p.image()+"@sha256:00", "containerd://"+p.containerID()
	container["state"] = map[string]any{"running": map[string]any{"startedAt": running}}
	if !state.ended.IsZero() {
		recorded["phase"] = "Succeeded"
		container["ready"], container["started"] = false, false
		container["state"] = map[string]any{"terminated": map[string]any{
			"exitCode": 0, "reason": "Completed", "startedAt": running, "finishedAt": state.ended.UTC().Format(time.RFC3339),
			"containerID": "containerd://" + p.containerID(),
		}}
	}
	return recorded
}

// all is says for several pods.
func (a *nodeAPI) all(pods []nodePod, state nodePodState) []string {
	a.t.Helper()
	var lines []string
	for _, p := range pods {
		lines = append(lines, a.says(p, state))
	}
	return lines
}
