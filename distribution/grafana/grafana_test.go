// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// What is committed is what the generator writes.
func TestFiles_areCommitted(t *testing.T) {
	all, err := files()
	require.NoError(t, err)
	for name, want := range all {
		got, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run make generate", name)
	}
	committed, err := filepath.Glob("dashboards/*")
	require.NoError(t, err)
	assert.Len(t, committed, len(dashboards()), "a dashboard that nobody writes any more")
}

// ofCollector are the Collector's own metrics that are asked for.
const ofCollector = `^(up|otelcol_process_(uptime|cpu_seconds|memory_rss)|` +
	`otelcol_exporter_(queue_size|queue_capacity|(sent|send_failed|enqueue_failed)_log_records))$`

// produced are the names of all series that there are.
func produced() map[string]bool {
	all := map[string]bool{}
	for _, m := range slices.Concat(names.ReceiverMetrics(), names.EnrichMetrics(), names.AnomalyMetrics(), names.ControlMetrics()) {
		all[underscored(m.Name)] = true
	}
	for _, m := range recorded() {
		all[seriesOf(m)], all[recordOf(m.Name)] = true, true
	}
	return all
}

// withValues puts something in the place of Grafana's variables.
func withValues(expression string) string {
	return regexp.MustCompile(`\$([a-z]+|{[a-z]+:regex})`).ReplaceAllString(strings.ReplaceAll(expression, "$__range", "1h"), ".*")
}

// assertKnown parses PromQL, and looks for series that nobody produces.
func assertKnown(t *testing.T, expression string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(withValues(expression))
	require.NoError(t, err, expression)
	known, collector := produced(), regexp.MustCompile(ofCollector)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is && selector.Name != "" {
			assert.True(t, known[selector.Name] || collector.MatchString(selector.Name), "%s is no metric, in %s", selector.Name, expression)
		}
		return nil
	})
}

// Every panel asks for what there is, and says what it is about.
func TestDashboards_askForWhatThereIs(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range dashboards() {
		assert.False(t, seen[d.uid], d.uid)
		seen[d.uid] = true
		for _, v := range d.variables {
			if v.values != "" {
				assertKnown(t, strings.TrimPrefix(v.values[:strings.LastIndex(v.values, ", ")], "label_values("))
			}
		}
		for _, r := range d.rows {
			for _, p := range r.panels {
				assert.NotEmpty(t, p.title)
				assert.True(t, strings.HasSuffix(p.description, "."), "%s / %s: the description is a sentence", d.title, p.title)
				for _, q := range p.queries {
					if q.logql {
						assert.NotRegexp(t, `\$[a-z]`, q.expression, "Grafana escapes it for quotes, and it stands in backticks: ${name:regex}")
					} else {
						assertKnown(t, q.expression)
					}
				}
			}
		}
	}
}

// ruleFile is as Prometheus reads it.
type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Record, Alert, Expr string
			Annotations         map[string]string
		}
	}
}

// Rules ask for what there is, and alerts lead to a page that says what to do.
func TestRules(t *testing.T) {
	runbooks, err := os.ReadFile("../../docs/troubleshooting.md")
	require.NoError(t, err)
	for _, name := range []string{"alerts.yaml", "recording.yaml"} {
		content, err := os.ReadFile(filepath.Join("../prometheus", name))
		require.NoError(t, err)
		var f ruleFile
		require.NoError(t, yaml.Unmarshal(content, &f))
		require.NotEmpty(t, f.Groups)
		for _, rule := range f.Groups[0].Rules {
			assertKnown(t, rule.Expr)
			if rule.Alert == "" {
				continue
			}
			assert.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
			_, anchor, found := strings.Cut(rule.Annotations["runbook_url"], "docs/troubleshooting.md#")
			require.True(t, found, rule.Alert)
			heading := "\n## " + strings.ReplaceAll(anchor, "-", " ") + "\n"
			assert.Contains(t, strings.ToLower(string(runbooks)), heading, rule.Alert)
		}
	}
}
