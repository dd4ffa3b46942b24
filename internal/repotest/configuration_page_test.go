// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	otelcomponent "go.opentelemetry.io/collector/component"

	"github.com/meerkat-otel/meerkat/extension/controlapiextension"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor"
	"github.com/meerkat-otel/meerkat/processor/k8senrichprocessor"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver"
)

const configurationHead = `# All keys of the configuration

<!-- Made from the types of the configurations by make generate: change it there. -->

Every key of Meerkat's own components, with its default and what it may be. Ranges were found by trying, with all other keys at their
defaults: what is outside of them is refused at the start, with a message that names the key. What to choose, and why, is in [configuration.md](configuration.md) and in the pages of the components.
Keys stand below each other: ´tracers::udp::idle_timeout´ is ´idle_timeout´ in ´udp´ in ´tracers´, and ´list[]::key´ is ´key´ in each entry of ´list´.
´…´ stands for the keys of something that all Collectors have. A duration is a number with a unit: ´300ms´, ´90s´, ´1h30m´.

`

// configured are our components, with the page that each has.
func configured() []struct {
	title, page string
	config      otelcomponent.Config
} {
	return []struct {
		title, page string
		config      otelcomponent.Config
	}{
		{"Receiver `ebpf`", "../receiver/ebpfreceiver/README.md", ebpfreceiver.NewFactory().CreateDefaultConfig()},
		{"Processor `k8s_enrich`", "../processor/k8senrichprocessor/README.md", k8senrichprocessor.NewFactory().CreateDefaultConfig()},
		{"Processor `anomaly`", "../processor/anomalyprocessor/README.md", anomalyprocessor.NewFactory().CreateDefaultConfig()},
		{"Extension `control_api`", "../extension/controlapiextension/README.md", controlapiextension.NewFactory().CreateDefaultConfig()},
	}
}

// typeWord says what a key takes.
func typeWord(k key) string {
	switch kind := k.kind; {
	case kind == reflect.TypeFor[time.Duration]():
		return "duration"
	case kind == reflect.TypeFor[*otelcomponent.ID]():
		return "name of an extension"
	case kind.Kind() == reflect.Bool:
		return "true or false"
	case kind.Kind() == reflect.String:
		return "text"
	case kind.Kind() == reflect.Slice && ours(kind.Elem()):
		return "list of sections"
	case kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.String:
		return "list of texts"
	case kind.Kind() == reflect.Slice:
		return "list of numbers"
	case kind.Kind() == reflect.Map:
		return "map"
	case kind.Kind() == reflect.Struct:
		return "section"
	case strings.Contains(k.name, "bytes"):
		return "number of bytes"
	default:
		return "number"
	}
}

// defaultWord says what a key has by default.
func defaultWord(k key) string {
	switch v := k.value; {
	case k.kind == reflect.TypeFor[time.Duration]():
		return code(shortDuration(time.Duration(v.Int())))
	case v.Kind() == reflect.Pointer, v.Kind() == reflect.Map, v.Kind() == reflect.Struct:
		return "none"
	case v.Kind() == reflect.Slice:
		var entries []string
		if !ours(k.kind.Elem()) {
			for at := range v.Len() {
				entries = append(entries, code(fmt.Sprint(v.Index(at))))
			}
		}
		if len(entries) == 0 {
			return "none"
		}
		return strings.Join(entries, ", ")
	case v.Kind() == reflect.String && v.String() == "":
		return "none"
	case v.CanInt():
		return grouped(v.Int())
	case v.CanUint():
		return grouped(int64(v.Uint()))
	default:
		return code(fmt.Sprint(v))
	}
}

// code writes text so that it can stand in a table.
func code(text string) string { return "`" + strings.ReplaceAll(text, "|", `\|`) + "`" }

// configurationPage is docs/configuration-reference.md. It names keys that nothing is said of.
func configurationPage(t *testing.T) (text string, silent []string) {
	t.Helper()
	p := &page{}
	p.WriteString(strings.ReplaceAll(configurationHead, "´", "`"))
	said := &comments{t: t, fields: map[string]string{}, read: map[string]bool{}}
	for _, one := range configured() {
		p.paragraph("## %s", one.title)
		p.paragraph("[What it does](%s).", one.page)
		try := trial{one.config}
		var rows []string
		for _, k := range keysOf(said, "", reflect.ValueOf(one.config).Elem(), false) {
			if k.brief == "" {
				silent = append(silent, one.title+" "+k.path)
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", k.path, typeWord(k), defaultWord(k), try.rangeOf(k), k.brief))
		}
		p.table("| key | takes | default | range | |", rows)
	}
	return strings.TrimSuffix(p.String(), "\n"), silent
}

func TestGenerated_configuration(t *testing.T) {
	text, silent := configurationPage(t)
	assert.Empty(t, silent, "say in a comment of the field what each of these keys is")
	name := filepath.Join(root, "docs/configuration-reference.md")
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, text, string(content), "docs/configuration-reference.md is not what the types say: make generate")
}
