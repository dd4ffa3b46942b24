// SPDX-License-Identifier: Apache-2.0

package k8senrichprocessor

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/processor"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/internal/shared"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor/internal/apiservertest"
)

// conversation is about one pod, which comes later than the first records of its container.
const conversation = `
> GET /api/v1/pods?watch=true&sendInitialEvents=true&fieldSelector=spec.nodeName%3Dnode1
< 200
{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}
! wait the pod
{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-0","namespace":"shop","uid":"aaaa","resourceVersion":"10","labels":{"app":"web"},"annotations":{"resource.opentelemetry.io/service.name":"storefront"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"ssss","controller":true}]},"spec":{"nodeName":"node1","containers":[{"name":"main","image":"shop:1"}]},"status":{"phase":"Pending"}}}
! hold
`

// onNode is the processor as it runs in a pod of a node, with an API server that says what the test has it say.
func onNode(t *testing.T, tel *componenttest.Telemetry, endpoint string, next *sink) *logs {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("secret"), 0o600))
	t.Setenv(serviceHostVariable, "10.96.0.1")
	t.Setenv(nodeNameVariable, "node1")
	config := createDefaultConfig().(*Config)
	config.APIServer.Endpoint, config.APIServer.TokenFile = endpoint, token
	config.PodLabels, config.Wait.Timeout = []string{"a*"}, time.Minute
	require.NoError(t, config.Validate())
	f := &factory{shared.NewInstances[*Config, *core]()}
	set := processor.Settings{ID: component.MustNewID(componentType), TelemetrySettings: tel.NewTelemetrySettings()}
	made, err := f.logs(t.Context(), set, config, next)
	require.NoError(t, err)
	require.NoError(t, made.Start(t.Context(), componenttest.NewNopHost()))
	return made.(*logs)
}

// From the API server's word to the record: what waits goes on when the pod comes, and the source tells of itself.
func TestSource(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	player := apiservertest.Play(t, conversation)
	next := new(sink)
	p := onNode(t, tel, player.URL(), next)
	require.Eventually(t, p.core.Unwrap().inventory.Completed, patience, time.Millisecond)

	data := logsOf(t, []resourceStep{{Resource: map[string]any{
		names.ContainerID: "c1", names.K8sPodUID: "aaaa", names.K8sContainerName: "main", names.HostID: "h",
	}}})
	data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty()
	require.NoError(t, p.ConsumeLogs(t.Context(), data))
	assert.Equal(t, map[string]int64{"logs": 1}, collect(t, tel, names.EnrichWaiting(), names.Signal))
	player.Open("the pod")
	require.Eventually(t, func() bool { return next.LogRecordCount() == 1 }, patience, time.Millisecond)
	got := next.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw()
	assert.Subset(t, got, map[string]any{
		names.K8sPodName: "web-0", names.K8sStatefulSetName: "web", names.K8sPodLabelPrefix + "app": "web",
		names.ServiceName: "storefront", names.ContainerImageName: "shop", names.EnrichmentStatus: "resolved",
	})

	assert.Equal(t, map[string]int64{"watching": 1}, collect(t, tel, names.EnrichSourceState(), names.State))
	assert.Equal(t, int64(1), collect(t, tel, names.EnrichSourceChanges(), names.ObjectKind)["pod"])
	assert.Equal(t, int64(1), collect(t, tel, names.EnrichSourceRequests(), names.Request)["list"]+
		collect(t, tel, names.EnrichSourceRequests(), names.Request)["watch"])
	for _, m := range []names.Metric{names.EnrichSourceSilence()} {
		_, err := tel.GetMetric(m.Name)
		require.NoError(t, err, m.Name)
	}
	require.NoError(t, p.Shutdown(context.Background()))
	assert.Empty(t, player.Unknown())
}

// Without rights the records go on, marked, and why is told.
func TestSource_forbidden(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	player := apiservertest.Play(t, `
> always GET /api/v1/pods
< 403
{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403}
`)
	next := new(sink)
	p := onNode(t, tel, player.URL(), next)
	require.Eventually(t, func() bool {
		return collect(t, tel, names.EnrichSourceState(), names.State)["forbidden"] == 1
	}, patience, time.Millisecond)
	assert.Positive(t, collect(t, tel, names.EnrichSourceErrors(), names.Reason)["forbidden"])
	data := logsOf(t, []resourceStep{{Resource: map[string]any{names.ContainerID: "c1", names.K8sPodUID: "aaaa", names.HostID: "h"}}})
	require.NoError(t, p.ConsumeLogs(t.Context(), data))
	require.NoError(t, p.Shutdown(context.Background()))
	got := next.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw()
	assert.Equal(t, "not_synced", got[names.EnrichmentReason])
}
