// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"debug/buildinfo"
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// binaryBytesMax leaves two million bytes below what we promise, to have time to react.
	binaryBytesMax = 58_000_000
	// builderDifferenceBytesMax is what the stock builder's binary may differ by: the names of our files
	// have our module's version in them there, and that module stands in the list of modules.
	builderDifferenceBytesMax = 64 << 10
)

// unaffordable packages are not linked, whoever asks for them: each of these groups alone would burst
// the limit, or nearly so.
func unaffordable() []string {
	return []string{
		clientGo + "/kubernetes", clientGo + "/informers",
		clientGo + "/metadata/metadatainformer", clientGo + "/dynamic/dynamicinformer",
		"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl",
	}
}

func TestBinary_linksNothingUnaffordable(t *testing.T) {
	linked := strings.Fields(run(t, root, "go", "list", "-deps", "-tags", readManifest(t).Dist.BuildTags, "./distribution"))
	require.Contains(t, linked, module+"/receiver/ebpfreceiver")
	for _, name := range linked {
		if anyBelow(unaffordable(), name) {
			t.Errorf("%s is linked: go mod why -m and go list -deps tell by whom; use another package, or another component", name)
		}
	}
	assert.True(t, anyBelow(unaffordable(), "k8s.io/client-go/kubernetes/typed/core/v1"))
	assert.False(t, anyBelow(unaffordable(), "k8s.io/client-go/tools/cache"))
}

// makeBinary builds what users get.
func makeBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "otelcol-meerkat")
	run(t, root, "make", "--no-print-directory", "build", "BINARY="+binary)
	return binary
}

func checkSize(t *testing.T, binary string) int64 {
	t.Helper()
	info, err := os.Stat(binary)
	require.NoError(t, err)
	t.Logf("%d bytes", info.Size())
	assert.LessOrEqual(t, info.Size(), int64(binaryBytesMax), "the binary is too large: make size tells what takes the room")
	return info.Size()
}

func checkStatic(t *testing.T, binary string) {
	t.Helper()
	program, err := elf.Open(binary)
	require.NoError(t, err)
	defer program.Close()
	require.NotEmpty(t, program.Progs)
	for _, segment := range program.Progs {
		assert.NotEqual(t, elf.PT_INTERP, segment.Type, "the binary needs a dynamic linker: CGO_ENABLED=0")
	}
}

var componentName = regexp.MustCompile(`(?m)^\s+- name: (\S+)$|^\s+- scheme: (\S+)$`)

// componentNames reads what the command "components" of a collector prints.
func componentNames(printed string) []string {
	var all []string
	for _, match := range componentName.FindAllStringSubmatch(printed, -1) {
		all = append(all, match[1]+match[2])
	}
	return all
}

// identity is what a binary says it was made of: modules with their check sums, and how it was built.
// Ours is a dependency of what the stock builder makes.
func identity(t *testing.T, binary string) []string {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	all := []string{info.GoVersion}
	for _, dependency := range info.Deps {
		if dependency.Path != module {
			all = append(all, dependency.Path+" "+dependency.Version+" "+dependency.Sum)
		}
	}
	for _, setting := range info.Settings {
		if !strings.HasPrefix(setting.Key, "vcs") {
			all = append(all, setting.Key+"="+setting.Value)
		}
	}
	return all
}

// What `make build` makes is small and static, and whoever runs the stock builder gets the same: the
// same components, of the same modules, built in the same way.
func TestBinary_isWhatTheBuilderMakes(t *testing.T) {
	ours := makeBinary(t)
	size := checkSize(t, ours)
	checkStatic(t, ours)

	tree := copyTree(t)
	runBuilder(t, tree, "--config", manifestName)
	theirs := filepath.Join(tree, readManifest(t).Dist.OutputPath, readManifest(t).Dist.Name)

	components := run(t, root, ours, "components")
	assert.Contains(t, componentNames(components), "ebpf")
	assert.Equal(t, components, run(t, root, theirs, "components"))
	assert.Equal(t, run(t, root, ours, "--version"), run(t, root, theirs, "--version"))
	assert.Equal(t, identity(t, ours), identity(t, theirs))
	assert.InDelta(t, size, checkSize(t, theirs), builderDifferenceBytesMax)
	for _, name := range []string{"main.go", "components.go"} {
		compareFiles(t, filepath.Join("distribution", name), filepath.Join(filepath.Dir(theirs), name))
	}
}
