// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// conventions are the namespaces of the semantic conventions that we use.
func conventions() []string {
	return []string{
		"client", "container", "dns", "error", "event", "file", "host", "k8s", "log", "network", "os", "otel", "process", "security_rule", "server", "service", "thread", "user",
	}
}

// attributes are all that are described, without those of what components tell about themselves.
func attributes() []names.Attribute {
	all := slices.Concat(names.ResourceAttributes(), names.EventAttributes(), names.MetricAttributes(), names.ControlAttributes(),
		names.ContainerAttributes(), names.EnrichmentAttributes(), names.PeerAttributes(), names.AnomalyAttributes(), names.AnomalyDeltaAttributes(),
		names.ReceiverEventAttributes(), names.AnomalyScoreAttributes())
	for _, d := range names.Tracers() {
		all = append(all, d.Attributes...)
	}
	return all
}

func metrics() []names.Metric {
	all := slices.Concat(names.ReceiverMetrics(), names.ControlMetrics(), names.EnrichMetrics(), names.AnomalyMetrics(), names.AnomalyScores(), names.WorkloadMetrics())
	for _, d := range names.Tracers() {
		all = append(all, d.Metrics...)
	}
	return all
}

// sentences are all descriptions, by what they describe.
func sentences() map[string]string {
	all := map[string]string{}
	for _, a := range slices.Concat(attributes(), names.ReceiverAttributes(), names.ControlMetricAttributes(), names.EnrichAttributes(),
		names.AnomalyMetricAttributes(), names.AnomalyStepKeys(), names.AnomalyFindingKeys()) {
		all[a.Name] = a.Brief
	}
	for _, m := range metrics() {
		all[m.Name] = m.Brief
	}
	for _, event := range slices.Concat(names.ControlEvents(), names.ReceiverEventRecords(), names.AnomalyEvents(), names.AnomalyDeltaEvents()) {
		all[event.Name] = event.Brief
	}
	for _, d := range names.Tracers() {
		for _, event := range d.Events {
			all[event.Name] = event.Brief
		}
	}
	return all
}

// valuesOf returns what package names declares: the values of its constants without a type, and the names
// of the metrics that its functions return, each with the place.
func valuesOf(t *testing.T, all []file) map[string]string {
	t.Helper()
	values, constants := map[string]string{}, map[string]string{}
	var inspect []func()
	for _, f := range all {
		if f.folder() != "internal/names" || f.has("_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.SkipObjectResolution)
		require.NoError(t, err)
		value := func(e ast.Expr) string {
			switch e := e.(type) {
			case *ast.BasicLit:
				text, err := strconv.Unquote(e.Value)
				require.NoError(t, err)
				return text
			case *ast.Ident:
				return constants[e.Name]
			}
			return ""
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if n.Type == nil && len(n.Values) == 1 {
					constants[n.Names[0].Name] = value(n.Values[0])
					values[value(n.Values[0])] = f.name + ": " + n.Names[0].Name
				}
			case *ast.CompositeLit:
				// Constants of files that come later have to be known.
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Metric" {
					inspect = append(inspect, func() { values[value(n.Elts[0])] = f.name })
				}
			}
			return true
		})
	}
	for _, do := range inspect {
		do()
	}
	require.NotEmpty(t, values)
	return values
}

// isDescribed tells whether there is a sentence for a name, or for what begins with it and goes on with
// something that varies.
func isDescribed(name string, sentences map[string]string) bool {
	for described := range sentences {
		if described == name || strings.HasPrefix(described, name+"<") {
			return true
		}
	}
	return false
}

func TestNames_allAreDescribed(t *testing.T) {
	all := sentences()
	for name, place := range valuesOf(t, files(t)) {
		if !isDescribed(name, all) {
			t.Errorf("%s: %q is described nowhere: add it to the descriptions of package names, so that docs/telemetry.md has it", place, name)
		}
	}
	for name, sentence := range all {
		assert.Regexp(t, `^[A-Z0-9\x60].*\.$`, sentence, "%s: a description is a sentence", name)
	}
}

func TestNames_findsWhatIsNotDescribed(t *testing.T) {
	values := valuesOf(t, []file{
		{"internal/names/a.go", []byte("package names\nfunc M() Metric { return Metric{MetricM, \"By\", \"\", nil} }\n")},
		{"internal/names/b.go", []byte("package names\nconst (\n\tA = \"a.b\"\n\tMetricM = \"m.n\"\n\tT Type = \"int\"\n)\n")},
		{"internal/names/c.go", []byte("package names\nfunc N() Metric { return Metric{\"n.o\", \"By\", \"\", nil} }\n")},
	})
	assert.Len(t, values, 3)
	assert.Contains(t, values, "n.o")
	assert.False(t, isDescribed("a.b", map[string]string{"a.b.c": ""}))
	assert.True(t, isDescribed("a.b.", map[string]string{"a.b.<key>": ""}))
}

// Events and attributes agree, tracer by tracer.
func TestNames_eventsHaveTheirAttributes(t *testing.T) {
	shared := names.EventAttributes()
	for _, d := range names.Tracers() {
		used := map[string]bool{}
		for _, event := range d.Events {
			assert.True(t, strings.HasPrefix(event.Name, "meerkat."+d.Name+"."), "%s: an event has its tracer's name", event.Name)
			assert.Len(t, find(d, event.Attributes), len(event.Attributes), "%s lists an attribute twice, or one that is not described", event.Name)
			for _, name := range event.Attributes {
				used[name] = true
			}
		}
		for _, a := range d.Attributes {
			assert.True(t, used[a.Name], "%s is an attribute of no event of tracer %s", a.Name, d.Name)
			assert.False(t, slices.ContainsFunc(shared, func(s names.Attribute) bool { return s.Name == a.Name }),
				"%s is described among the attributes of every event too", a.Name)
		}
	}
}

func TestNames_controlEventsHaveTheirAttributes(t *testing.T) {
	var described []string
	for _, a := range names.ControlAttributes() {
		described = append(described, a.Name)
	}
	for _, event := range names.ControlEvents() {
		assert.True(t, strings.HasPrefix(event.Name, "meerkat.control."), event.Name)
		assert.ElementsMatch(t, described, event.Attributes, event.Name)
	}
}

func TestNames_lossesHaveTheirAttributes(t *testing.T) {
	var described []string
	for _, a := range names.ReceiverEventAttributes() {
		described = append(described, a.Name)
	}
	for _, event := range names.ReceiverEventRecords() {
		assert.True(t, strings.HasPrefix(event.Name, "meerkat.receiver."), event.Name)
		assert.ElementsMatch(t, described, event.Attributes, event.Name)
	}
}

func TestNames_incidentsHaveTheirAttributes(t *testing.T) {
	described := []string{}
	for _, a := range names.AnomalyAttributes() {
		described = append(described, a.Name)
	}
	for _, event := range names.AnomalyEvents() {
		assert.ElementsMatch(t, described, event.Attributes, event.Name)
	}
}

func TestNames_metricsHaveTheirAttributes(t *testing.T) {
	known := map[string]bool{}
	for _, a := range slices.Concat(names.MetricAttributes(), names.ReceiverAttributes(), names.ControlMetricAttributes(), names.EnrichAttributes(),
		names.AnomalyMetricAttributes(), names.AnomalyScoreAttributes()) {
		known[a.Name] = true
	}
	used := map[string]bool{names.MetricOverflow: true}
	for _, m := range metrics() {
		assert.NotEqual(t, "1", m.Unit, "%s: a unit says what is counted: {event}", m.Name)
		assert.NotEmpty(t, m.Unit, m.Name)
		for _, name := range m.Attributes {
			assert.True(t, known[name], "%s has the attribute %s, which is not described", m.Name, name)
			used[name] = true
		}
	}
	assert.Equal(t, known, used, "each attribute that is described belongs to a metric")
}

// Names that are nobody else's start with our own.
func TestNames_ownNamespace(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9]*(?:[._][a-z0-9]+)*(?:\.<[a-z]+>)?$`)
	for _, a := range attributes() {
		namespace, _, _ := strings.Cut(a.Name, ".")
		assert.True(t, namespace == "meerkat" || slices.Contains(conventions(), namespace),
			"%s: a name that is not of the conventions starts with meerkat.", a.Name)
		assert.Regexp(t, form, a.Name)
	}
	for _, d := range names.Tracers() {
		for _, m := range d.Metrics {
			assert.True(t, strings.HasPrefix(m.Name, "meerkat."+d.Name+"."), m.Name)
			assert.Regexp(t, form, m.Name)
		}
	}
	for _, m := range names.ReceiverMetrics() {
		assert.True(t, strings.HasPrefix(m.Name, "otelcol.ebpf."), m.Name)
	}
	for _, m := range names.ControlMetrics() {
		assert.True(t, strings.HasPrefix(m.Name, "otelcol.control_api."), m.Name)
	}
	for _, m := range names.AnomalyMetrics() {
		assert.True(t, strings.HasPrefix(m.Name, "otelcol.anomaly."), m.Name)
	}
	for _, m := range names.EnrichMetrics() {
		assert.True(t, strings.HasPrefix(m.Name, "otelcol.k8s_enrich."), m.Name)
	}
}

// What is made of the descriptions has a section for each tracer that there is.
func TestNames_everyTracer(t *testing.T) {
	var tracers []string
	for _, d := range names.Tracers() {
		tracers = append(tracers, d.Name)
	}
	for _, f := range files(t) {
		if below("bpf/*", f.folder()) && f.has(".bpf.c") && f.folder() != "bpf/"+dispatcher {
			assert.Contains(t, tracers, strings.Split(f.name, "/")[1], "names.Tracers() lacks a tracer")
		}
	}
}
