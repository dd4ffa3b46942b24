// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quotedMessage is a block of a page with what somebody sees.
var quotedMessage = regexp.MustCompile("(?ms)^```message\n(.*?)^```$")

// literals returns the texts in a Go file, those that are put together with + as one, with … for what is formatted into them.
func literals(t *testing.T, name string, content []byte) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), name, content, 0)
	require.NoError(t, err)
	var all []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		expression, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		if text, ok := folded(expression); ok {
			all = append(all, verbs.ReplaceAllString(text, "…"))
			return false
		}
		return true
	})
	return all
}

// folded is the text of an expression that consists of nothing but texts.
func folded(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, ok := folded(e.X)
		right, also := folded(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}

var verbs = regexp.MustCompile(`%[-+#]?[a-z]`)

// quotation matches texts of the source that can be what is quoted: the same, with something where the quotation has ….
func quotation(quoted string) *regexp.Regexp {
	var expression strings.Builder
	for at, part := range strings.Split(quoted, "…") {
		if at > 0 {
			expression.WriteString(`.*`)
		}
		expression.WriteString(regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(`(?s)^` + expression.String() + `$`)
}

// elsewhere are packages of the Collector whose messages pages quote.
func elsewhere() []string {
	return []string{"go.opentelemetry.io/collector/exporter/exporterhelper/internal/queue", "go.opentelemetry.io/collector/internal/memorylimiter"}
}

// messagesOf returns all texts of our code, and of what is quoted besides.
func messagesOf(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, f := range files(t) {
		if f.has(".go") && !f.has("_test.go") && !f.generated() {
			all = append(all, literals(t, f.name, f.content)...)
		}
	}
	list := exec.Command("go", append([]string{"list", "-f", "{{.Dir}}"}, elsewhere()...)...)
	list.Dir = root
	output, err := list.Output()
	require.NoError(t, err)
	for folder := range strings.FieldsSeq(string(output)) {
		names, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			content, err := os.ReadFile(name)
			require.NoError(t, err)
			all = append(all, literals(t, name, content)...)
		}
	}
	return all
}

// What pages quote is what is printed.
func TestMessages(t *testing.T) {
	there := messagesOf(t)
	count := 0
	for _, f := range files(t) {
		if !f.has(".md") {
			continue
		}
		for _, match := range quotedMessage.FindAllStringSubmatch(f.text(), -1) {
			count++
			quoted := strings.TrimSpace(match[1])
			assert.True(t, slices.ContainsFunc(there, quotation(quoted).MatchString), "%s quotes a message that nothing prints: %s", f.name, quoted)
		}
	}
	assert.Greater(t, count, 20, "pages quote messages in another way than this test knows")
}

func TestMessages_quotation(t *testing.T) {
	assert.Regexp(t, quotation("tracer … is … now"), "tracer … is … now")
	assert.Regexp(t, quotation("no tracer can run: …"), "no tracer can run: …")
	assert.NotRegexp(t, quotation("no tracer may run: …"), "no tracer can run: …")
	assert.NotRegexp(t, quotation("Events were lost"), "Events were lost again")
	assert.Equal(t, []string{"a … b", "c"}, literals(t, "x.go", []byte("package x\nvar a = \"a %d \" +\n\t\"b\"\nvar c = d + \"c\"\n")))
}
