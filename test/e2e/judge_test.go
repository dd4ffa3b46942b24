// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package e2e

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/meerkat-otel/meerkat/test/e2e/cluster"
)

// verdict is what an event says, held against what is known from elsewhere.
type verdict struct {
	// wrong names something that is not so.
	wrong string
	// lacking is the reason that the event gives for what it does not say, or what it lacks without a reason.
	lacking string
}

// judge holds the resource of an event against what it should say.
func judge(e event, want map[string]any) verdict {
	return hold(e.resource, want, "meerkat.enrichment.reason")
}

// hold compares attributes. What is absent is lacking, what is different is wrong.
func hold(attributes, want map[string]any, reason string) verdict {
	var v verdict
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, there := attributes[name]
		switch {
		case !there && v.lacking == "":
			v.lacking = name
			if given, ok := attributes[reason].(string); ok {
				v.lacking = given
			}
		case there && got != want[name] && strings.HasSuffix(name, ".status"):
			v.lacking = fmt.Sprint(attributes[reason])
		case there && got != want[name]:
			v.wrong = fmt.Sprintf("%s is %v instead of %v", name, got, want[name])
		}
	}
	return v
}

// tally counts verdicts by what they are about.
type tally map[string]*tallyRow

type tallyRow struct {
	all, named int
	wrong      []string
	lacking    map[string]int
}

func (t tally) count(what string, v verdict) {
	row, ok := t[what]
	if !ok {
		row = &tallyRow{lacking: map[string]int{}}
		t[what] = row
	}
	row.all++
	switch {
	case v.wrong != "":
		row.wrong = append(row.wrong, v.wrong)
	case v.lacking != "":
		row.lacking[v.lacking]++
	default:
		row.named++
	}
}

// String is a table.
func (t tally) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%-40s %8s %8s %8s %8s  %s\n", "", "all", "named", "share", "wrong", "why not")
	for _, what := range slices.Sorted(maps.Keys(t)) {
		row := t[what]
		fmt.Fprintf(&text, "%-40s %8d %8d %7.2f%% %8d  %v\n", what, row.all, row.named, 100*row.share(), len(row.wrong), row.lacking)
	}
	return text.String()
}

func (r *tallyRow) share() float64 { return float64(r.named) / float64(r.all) }

// requireNamed fails the test if anything is wrong, or too much lacks a name.
func requireNamed(t *testing.T, all tally) {
	t.Helper()
	require.NotEmpty(t, all, "nothing was seen")
	for what, row := range all {
		assert.Empty(t, row.wrong, what)
		assert.GreaterOrEqual(t, row.share(), namedShareMin, "%s: share with every name; %v", what, row.lacking)
	}
}

// podsKnown are pods as the API server has them, by the ids of their containers.
type podsKnown map[string]corev1.Pod

func (k podsKnown) add(pods []corev1.Pod) {
	for _, pod := range pods {
		for _, status := range pod.Status.ContainerStatuses {
			if _, id, ok := strings.Cut(status.ContainerID, "://"); ok {
				k[id] = pod
			}
		}
	}
}

func (k podsKnown) byContainer(e event) (corev1.Pod, bool) {
	id, _ := e.resource["container.id"].(string)
	pod, ok := k[id]
	return pod, ok
}

// waitCompleted waits until so many pods have ended well, and returns them.
func waitCompleted(ctx context.Context, t *testing.T, c *cluster.Cluster, namespace, selector string, count int) podsKnown {
	t.Helper()
	known := podsKnown{}
	require.Eventually(t, func() bool {
		pods, err := c.Pods(ctx, namespace, selector)
		if err != nil {
			return false
		}
		known.add(pods)
		ended := 0
		for _, pod := range pods {
			if pod.Status.Phase == corev1.PodSucceeded {
				ended++
			}
		}
		return ended >= count
	}, 3*patience, pollEvery, "the pods have not ended")
	return known
}

// lateMax is how long an event may take from the kernel to the file: it waits for names for 2 seconds at most.
const lateMax = 4 * time.Second

// settle returns when the events of all that was done so far are written.
func settle(ctx context.Context, t *testing.T, s *collector) {
	t.Helper()
	_, _, err := s.cluster.RunPod(ctx, cluster.ShellPod("last", "/bin/true the-last", false))
	require.NoError(t, err)
	s.execOf(t, "/bin/true", "the-last")
	done := time.Now()
	require.Eventually(t, func() bool { return time.Since(done) > lateMax }, patience, pollEvery)
}

// rights is the least that the processor needs, given to the collector's account.
func rights(t *testing.T, scope string) string {
	t.Helper()
	role, err := os.ReadFile("../../processor/k8senrichprocessor/testdata/rbac-" + scope + ".yaml")
	require.NoError(t, err)
	return string(role) + fmt.Sprintf(`
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: meerkat}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: meerkat-k8s-enrich-%s}
subjects: [{kind: ServiceAccount, name: meerkat, namespace: meerkat}]
`, scope)
}
