// SPDX-License-Identifier: Apache-2.0

package generalise

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func generaliser(t testing.TB) *Generaliser {
	t.Helper()
	g, err := New(Config{Networks: []Network{{Name: "office", Prefix: netip.MustParsePrefix("10.9.0.0/16")}}})
	require.NoError(t, err)
	return g
}

// row is a line of testdata/cases.txt.
type row struct{ kind, what, want string }

func rows(t testing.TB) []row {
	t.Helper()
	content, err := os.ReadFile("testdata/cases.txt")
	require.NoError(t, err)
	var all []row
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		// What arguments and addresses become may have the separator in it.
		fields := strings.SplitN(line, "|", 3)
		require.Len(t, fields, 3, line)
		all = append(all, row{strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1]), strings.TrimSpace(fields[2])})
	}
	return all
}

func apply(t testing.TB, g *Generaliser, o *Object, kind, what string) {
	t.Helper()
	switch kind {
	case "path":
		g.Path(o, what)
	case "arguments":
		arguments := strings.Split(what, " ")
		for i := range arguments {
			arguments[i] = strings.ReplaceAll(arguments[i], "␣", " ")
		}
		g.Arguments(o, arguments)
	case "address":
		fields := strings.Fields(what)
		port, err := strconv.ParseUint(fields[2], 10, 16)
		require.NoError(t, err)
		g.Address(o, strings.Trim(fields[0], "-"), netip.MustParseAddr(fields[1]), uint16(port))
	case "domain":
		g.Domain(o, what)
	case "detail":
		detail, path, _ := strings.Cut(what, " ")
		g.Detail(o, detail, path)
	default:
		t.Fatalf("there is no kind %q", kind)
	}
}

func TestCases(t *testing.T) {
	g, o := generaliser(t), new(Object)
	for _, r := range rows(t) {
		apply(t, g, o, r.kind, r.what)
		assert.Equal(t, r.want, strings.TrimSpace(string(o.Text())), r.what)
		checkObject(t, o)
	}
}

// checkObject tells whether segments are what the text consists of.
func checkObject(t testing.TB, o *Object) {
	t.Helper()
	var joined []byte
	for i := range o.Segments() {
		joined = append(joined, o.Segment(i)...)
		assert.LessOrEqual(t, len(o.Segment(i)), segmentBytesMax+1)
		assert.Equal(t, string(joined), string(o.Prefix(i+1)))
	}
	assert.Equal(t, string(o.Text()), string(joined))
	assert.LessOrEqual(t, o.Segments(), SegmentsMax)
}

// checkStable tells whether generalising twice changes nothing.
func checkStable(t testing.TB, g *Generaliser, path string) {
	t.Helper()
	first, second := new(Object), new(Object)
	g.Path(first, path)
	checkObject(t, first)
	g.Path(second, string(first.Text()))
	assert.Equal(t, string(first.Text()), string(second.Text()), "%q", path)
}

func checkStableArguments(t testing.TB, g *Generaliser, arguments []string) {
	t.Helper()
	first, second := new(Object), new(Object)
	g.Arguments(first, arguments)
	checkObject(t, first)
	again := []string{"x"}
	if first.Segments() > 0 {
		again = strings.Split("x"+string(first.Text()), " ")
	}
	g.Arguments(second, again)
	assert.Equal(t, string(first.Text()), string(second.Text()), "%q", arguments)
}

func TestProperties(t *testing.T) {
	g := generaliser(t)
	parts := []string{
		"srv", "etc", "home", "a1b2c3d4e5", "42", "2026-01-02", "ab", "7f", "tmp", "ccAbCd12", "cron.d", "x.y", "<n>", "<id>", "<s>", "~", "..", ".",
		"550e8400-e29b-41d4-a716-446655440000", "9f86d081884c7d659a2feaa0c55ad015", "worker12", "é", "-", "overlay2", strings.Repeat("k", 300),
		strings.Repeat("1-", 120), "<layer>", "<deep>",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var path strings.Builder
		var arguments []string
		for range random.IntN(22) {
			part := parts[random.IntN(len(parts))]
			path.WriteString([]string{"/", "/", "/", ""}[random.IntN(4)] + part)
			arguments = append(arguments, []string{"", "-", "--", "/", "http://"}[random.IntN(5)]+part)
		}
		checkStable(t, g, path.String())
		checkStableArguments(t, g, arguments)
	}
}

func TestOff(t *testing.T) {
	g, err := New(Config{Off: true})
	require.NoError(t, err)
	o := new(Object)
	g.Path(o, "/srv//log/access-2026-08-21.log")
	assert.Equal(t, "/srv/log/access-2026-08-21.log", string(o.Text()))
	g.Address(o, "", netip.MustParseAddr("192.0.2.77"), 40000)
	assert.Equal(t, "192.0.2.77/40000", string(o.Text()))
	g.Arguments(o, []string{"git", "status", "-v2"})
	assert.Equal(t, " status -v2", string(o.Text()))
	g.Port(o, 80)
	assert.Equal(t, "/80", string(o.Text()))
}

func TestNew_complains(t *testing.T) {
	for complaint, config := range map[string]Config{
		`network 0 is called ""`:    {Networks: []Network{{}}},
		"network lab has no prefix": {Networks: []Network{{Name: "lab"}}},
		"257 networks":              {Networks: make([]Network, 257)},
	} {
		_, err := New(config)
		require.ErrorIs(t, err, ErrConfig)
		assert.ErrorContains(t, err, complaint)
	}
}

func TestNoAllocations(t *testing.T) {
	g, o := generaliser(t), new(Object)
	arguments := []string{"gcc", "-c", "src/a1b2c3d4.c", "-o", "obj/x.o"}
	address := netip.MustParseAddr("192.0.2.77")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		g.Path(o, "/srv/.git/objects/97/b81e3774e4439bdf0e5e5122535c052d679941")
		g.Path(o, "/home/alice/access-2026-08-21.log")
		g.Path(o, "/srv/ab/550e8400-e29b-41d4-a716-446655440000-and-a-long-name-behind-it/x")
		g.Arguments(o, arguments)
		g.Address(o, "", address, 5432)
	}))
}

func FuzzPath(f *testing.F) {
	for _, r := range rows(f) {
		f.Add(r.what)
	}
	g := generaliser(f)
	f.Fuzz(func(t *testing.T, path string) { checkStable(t, g, path) })
}

func FuzzArguments(f *testing.F) {
	for _, r := range rows(f) {
		f.Add(r.what)
	}
	g := generaliser(f)
	f.Fuzz(func(t *testing.T, line string) { checkStableArguments(t, g, strings.Split(line, "\x00")) })
}

func BenchmarkPath(b *testing.B) {
	g, o := generaliser(b), new(Object)
	b.ReportAllocs()
	for b.Loop() {
		g.Path(o, "/srv/corpus/build/.git/objects/97/b81e3774e4439bdf0e5e5122535c052d679941")
	}
}
