// SPDX-License-Identifier: Apache-2.0

//go:build linux

package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// bundleAt returns where the bundle of a container of containerd lies below a root.
func bundleAt(t testing.TB, root, id string) string {
	t.Helper()
	folder := filepath.Join(root, "run/containerd", containerdTasks, kubernetesNamespace, id)
	require.NoError(t, os.MkdirAll(folder, 0o700))
	return filepath.Join(folder, "config.json")
}

func writeBundle(t testing.TB, root, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(bundleAt(t, root, id1), []byte(content), 0o600))
}

func namedBundle(name string) []byte {
	return []byte(`{"annotations":{"io.kubernetes.cri.container-name":"` + name + `"}}`)
}

// Whoever writes into the folders of a runtime may write anything. Nothing of it may be waited for, lead elsewhere,
// or be believed in part.
func TestDescribe_hostileFiles(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want Outcome
	}{
		"named pipe": {func(path string) error { return unix.Mkfifo(path, 0o600) }, Damaged},
		"folder":     {func(path string) error { return os.Mkdir(path, 0o700) }, Damaged},
		// Zeros without end.
		"device": {func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) }, Damaged},
		"link out of the tree": {func(path string) error {
			outside := filepath.Join(filepath.Dir(path), "../../../../..", "outside.json")
			return errors.Join(os.WriteFile(outside, namedBundle("stolen"), 0o600), os.Symlink(outside, path))
		}, Damaged},
		"link within the folder": {func(path string) error {
			return errors.Join(os.WriteFile(path+".other", namedBundle("stolen"), 0o600), os.Symlink(filepath.Base(path)+".other", path))
		}, Damaged},
		"link to itself": {func(path string) error { return os.Symlink(path, path) }, Damaged},
		"empty":          {written(""), Damaged},
		"no JSON":        {written("annotations"), Damaged},
		"cut":            {written(`{"annotations":{"io.kubernetes.cri.container-name":"na`), Damaged},
		"two":            {written(`{"annotations":{"io.kubernetes.cri.container-name":"a"}} {}`), Damaged},
		"a list":         {written(`{"annotations":["io.kubernetes.cri.container-name"]}`), Damaged},
		"very deep":      {written(strings.Repeat(`{"annotations":`, 50_000)), Damaged},
		"deep elsewhere": {written(`{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`), Damaged},
		"too long":       {written(`{"annotations":{"x":"` + strings.Repeat("x", bundleBytesMax) + `"}}`), TooLarge},
		"sparse": {func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		}, TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			require.NoError(t, c.make(bundleAt(t, root, id1)))
			before := Container{ID: id1, Runtime: Containerd}
			got := before
			assert.Equal(t, c.want, finderAt(root).Describe(&got))
			assert.Equal(t, before, got)
		})
	}
}

func written(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
}

// A file system that somebody has mounted into the state of a runtime may never answer.
func TestDescribe_mountsAreNotFollowed(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Dir(bundleAt(t, root, id1))
	require.NoError(t, unix.Mount("tmpfs", folder, "tmpfs", 0, "size=64k"))
	defer func() { require.NoError(t, unix.Unmount(folder, 0)) }()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), namedBundle("mounted"), 0o600))
	got := Container{ID: id1, Runtime: Containerd}
	assert.Equal(t, Damaged, finderAt(root).Describe(&got))
	assert.Empty(t, got.Name)
}

// Annotations of a pod come from whoever may make pods. Any number of them must not hide the runtime's own, and
// none may become a name.
func TestDescribe_manyAnnotations(t *testing.T) {
	root := t.TempDir()
	var bundle strings.Builder
	bundle.WriteString(`{"annotations":{`)
	for n := range 15_000 {
		fmt.Fprintf(&bundle, `"com.example.%05d":"value","nerdctl/n%05d":"value",`, n, n)
	}
	bundle.WriteString(`"io.kubernetes.cri.container-name":"mine","nested":{"io.kubernetes.cri.container-name":"not mine"}}}`)
	require.Less(t, bundle.Len(), bundleBytesMax)
	writeBundle(t, root, bundle.String())
	finder := finderAt(root)
	got := Container{ID: id1, Runtime: Containerd}
	assert.Equal(t, Found, finder.Describe(&got))
	assert.Equal(t, "mine", got.Name)
	assert.Len(t, got.Labels, labelsMax)
	assert.EqualValues(t, 15_000-labelsMax, finder.Stats().LeftOut)
}

func TestDescribe_longValuesAreLeftOut(t *testing.T) {
	root := t.TempDir()
	long := strings.Repeat("n", valueBytesMax+1)
	writeBundle(t, root, `{"annotations":{"io.kubernetes.cri.container-name":"`+long+`","io.kubernetes.cri.image-name":"image:`+long+
		`","io.kubernetes.cri.sandbox-name":"pod","nerdctl/name":"`+long+`"}}`)
	finder := finderAt(root)
	got := Container{ID: id1, Runtime: Containerd}
	assert.Equal(t, Found, finder.Describe(&got))
	want := Container{ID: id1, Runtime: Containerd, PodName: "pod", Image: Image{Name: "image", Tags: []string{}}}
	assert.Equal(t, want, got)
	assert.EqualValues(t, 5, finder.Stats().LeftOut, "name, twice; reference, tag and label")
}

// Nothing of what is asked for may be a path of its own.
func TestDescribe_hostileIDs(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(bundleAt(t, root, "x"), namedBundle("stolen"), 0o600))
	for _, id := range []string{"", ".", "..", "../k8s.io/x", "x/../x", "x\x00", strings.Repeat("x", 5000), "x\n"} {
		for _, runtime := range []string{Containerd, Docker, CRIO, Podman, ""} {
			got := Container{ID: id, Runtime: runtime}
			assert.Contains(t, []Outcome{Absent, Damaged}, finderAt(root).Describe(&got), "%q of %q", id, runtime)
			assert.Empty(t, got.Name)
		}
	}
}

// The folder of a runtime itself may be a link, which means on the host what it says, not in the collector's container.
func TestDescribe_rootPath(t *testing.T) {
	root := t.TempDir()
	writeBundle(t, root, string(namedBundle("web")))
	require.NoError(t, os.Mkdir(filepath.Join(root, "data"), 0o700))
	require.NoError(t, os.Rename(filepath.Join(root, "run"), filepath.Join(root, "data/run")))
	require.NoError(t, os.Symlink("/data/run", filepath.Join(root, "run")))
	got, isRoot := finderAt(root).Locate("/k8s.io/" + id1)
	require.True(t, isRoot)
	assert.Equal(t, Found, finderAt(root).Describe(&got))
	assert.Equal(t, "web", got.Name)

	require.NoError(t, os.Remove(filepath.Join(root, "run")))
	require.NoError(t, os.Symlink("../../../../../../../../data/run", filepath.Join(root, "run")))
	assert.Equal(t, Found, finderAt(root).Describe(&got), "nothing is above the root")
}

func TestDescribe_denied(t *testing.T) {
	assert.Equal(t, Denied, outcomeOf(&os.PathError{Op: "open", Err: syscall.EACCES}))
	assert.Equal(t, Denied, outcomeOf(syscall.EPERM))
	assert.Equal(t, Absent, outcomeOf(syscall.ENOENT))
	assert.Equal(t, Absent, outcomeOf(syscall.ENOTDIR))
	assert.Equal(t, Damaged, outcomeOf(syscall.ELOOP))
	assert.Equal(t, Damaged, outcomeOf(syscall.EIO))
}

func TestDescribe_manyLongLabels(t *testing.T) {
	root := t.TempDir()
	var labels []string
	for n := range labelsMax {
		labels = append(labels, fmt.Sprintf(`"nerdctl/n%02d":"%s"`, n, strings.Repeat("v", valueBytesMax)))
	}
	writeBundle(t, root, `{"annotations":{`+strings.Join(labels, ",")+`}}`)
	finder := finderAt(root)
	got := Container{ID: id1, Runtime: Containerd}
	assert.Equal(t, Found, finder.Describe(&got))
	assert.NotEmpty(t, got.Labels)
	assert.LessOrEqual(t, got.Bytes(), labelBytesMax+len(id1))
	assert.EqualValues(t, labelsMax-len(got.Labels), finder.Stats().LeftOut)
}
