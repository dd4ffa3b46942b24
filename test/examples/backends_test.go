// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package examples

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/test/backends"
)

// Each of the three ways leads to the same series.
func TestPrometheus(t *testing.T) {
	binary := build(t)
	for _, way := range []string{"scrape", "remote-write", "otlp"} {
		t.Run(way, func(t *testing.T) {
			p := backends.StartPrometheus(t, "../../examples/prometheus/prometheus.yml")
			collector := run(t, binary, "prometheus/"+way+".yaml", "PROMETHEUS_ENDPOINT="+p.URL, "MEERKAT_DATA="+t.TempDir())
			execute(t)
			found := p.Vector(`sum by (host_name, meerkat_cgroup_path) (meerkat_process_execs_total) > 0`)
			for _, sample := range found {
				assert.NotEmpty(t, sample.Metric["host_name"])
				assert.NotEmpty(t, sample.Metric["meerkat_cgroup_path"])
			}
			assert.NotEmpty(t, p.Vector(`otelcol_ebpf_tracer_state{state="running",tracer="process"} == 1`), "the collector is scraped")
			collector.Stop()
			assert.NotContains(t, collector.Printed.String(), "\terror\t")
		})
	}
}

// Events are found by their names, with their attributes.
func TestLoki(t *testing.T) {
	l := backends.StartLoki(t, "../../examples/loki/loki.yaml")
	collector := run(t, build(t), "loki/config.yaml", "LOKI_ENDPOINT="+l.URL+"/otlp", "MEERKAT_DATA="+t.TempDir())
	mark := execute(t)
	found := l.Wait(fmt.Sprintf("{service_name=~`.+`} | event_name=`%s` | process_command_args=~`.*%s.*`", names.EventProcessExec, mark), 10)
	require.Len(t, found, 1)
	assert.Contains(t, found[0].Lines[0].Text, "/bin/true was executed by")
	assert.Equal(t, "0", found[0].Labels["process_user_id"])
	collector.Stop()
	assert.NotContains(t, collector.Printed.String(), "\terror\t")
}

// However many pods come and go, there is a stream per workload.
func TestLoki_fewStreams(t *testing.T) {
	l := backends.StartLoki(t, "../../examples/loki/loki.yaml")
	const pods = 40
	data := plog.NewLogs()
	for _, workload := range []string{"web", "api", "worker"} {
		for pod := range pods {
			resource := data.ResourceLogs().AppendEmpty()
			attributes := resource.Resource().Attributes()
			attributes.PutStr(names.K8sNamespaceName, "shop")
			attributes.PutStr(names.K8sDeploymentName, workload)
			attributes.PutStr(names.K8sPodName, fmt.Sprintf("%s-%d", workload, pod))
			attributes.PutStr(names.ContainerID, fmt.Sprintf("%064x", pod))
			record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
			record.SetEventName(names.EventProcessExec)
			record.Body().SetStr("a program was executed")
		}
	}
	body, err := plogotlp.NewExportRequestFromLogs(data).MarshalProto()
	require.NoError(t, err)
	answer, err := http.Post(l.URL+"/otlp/v1/logs", "application/x-protobuf", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, http.StatusMultipleChoices)

	l.Wait("{k8s_namespace_name=`shop`} | k8s_pod_name=`web-7`", 1)
	streams, err := l.Streams("{k8s_namespace_name=`shop`}")
	require.NoError(t, err)
	assert.Len(t, streams, 3, "of %d pods", 3*pods)
	t.Log(strings.TrimSpace(fmt.Sprint(streams)))
}
