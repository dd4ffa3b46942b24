// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

var update = flag.Bool("update", false, "renew the tables in README.md")

const readme = "README.md"

// The tables in README.md are those of the code.
func TestReadme(t *testing.T) {
	content, err := os.ReadFile(readme)
	require.NoError(t, err)
	want := string(content)
	for name, table := range map[string]string{"rules": rulesTable(t), "categories": categoriesTable(), "fields": fieldsTable()} {
		before, rest, found := strings.Cut(want, "<!-- "+name+" -->\n")
		require.True(t, found, name)
		_, after, found := strings.Cut(rest, "<!-- end -->\n")
		require.True(t, found, name)
		want = before + "<!-- " + name + " -->\n" + table + "<!-- end -->\n" + after
	}
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(content), "run: go test ./processor/anomalyprocessor/rules -run TestReadme -update")
}

func rulesTable(t *testing.T) string {
	t.Helper()
	set := load(t)
	table := &strings.Builder{}
	table.WriteString("| rule | level | ATT&CK | what it matches |\n| --- | --- | --- | --- |\n")
	for number := range set.Len() {
		rule := set.Rule(number)
		fmt.Fprintf(table, "| [%s](%s) | %s | %s | %s |\n", rule.Title, rule.File, rule.Level, strings.Join(rule.Techniques, ", "), rule.Description)
	}
	return table.String()
}

func categoriesTable() string {
	table := &strings.Builder{}
	table.WriteString("| category | event | |\n| --- | --- | --- |\n")
	for _, m := range sigma.EventMappings() {
		event := "`" + m.Event + "`"
		if m.Access != "" {
			event += " with `meerkat.file.access` = `" + m.Access + "`"
		}
		fmt.Fprintf(table, "| `%s` | %s | %s |\n", m.Category, event, m.Remark)
	}
	return table.String()
}

func fieldsTable() string {
	table := &strings.Builder{}
	table.WriteString("| field | values | attribute | categories | |\n| --- | --- | --- | --- | --- |\n")
	for _, field := range sigma.Fields() {
		m := sigma.MappingOf(field)
		attributes := make([]string, 0, len(m.Attributes))
		for _, attribute := range m.Attributes {
			attributes = append(attributes, "`"+attribute+"`")
		}
		fmt.Fprintf(table, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Kind(), strings.Join(attributes, ", "), categoriesOf(m), m.Remark)
	}
	return table.String()
}

// categoriesOf lists the categories of a field, "all" if it is in each.
func categoriesOf(m sigma.Mapping) string {
	var in []string
	all := true
	for category := range sigma.Categories() {
		if m.In(category) {
			in = append(in, "`"+category.String()+"`")
		} else {
			all = false
		}
	}
	if all {
		return "all"
	}
	return strings.Join(in, ", ")
}
