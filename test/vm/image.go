// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed init.sh
var initScript []byte

const (
	// toolSuite is where tools come from.
	toolSuite = "bookworm"
	// testsFolder holds a folder per package in the machine.
	testsFolder = "tests"
)

// toolPackages are a shell and the tools that tests use, as a distribution has them, and what these
// need. busybox prepares the machine; its shell runs many tools without executing anything.
func toolPackages() []string {
	return []string{
		"busybox-static", "dash", "coreutils", "iproute2",
		"libacl1", "libattr1", "libbpf1", "libbsd0", "libc6", "libcap2", "libelf1", "libgmp10", "libmd0", "libmnl0",
		"libpcre2-8-0", "libselinux1", "libtirpc3", "zlib1g",
	}
}

// buildImage makes the initial file system for an architecture: /init, tools, and the tests.
func buildImage(ctx context.Context, a *archive, cache, architecture string) (string, error) {
	tools, err := fetchTools(ctx, a, cache, architecture)
	if err != nil {
		return "", err
	}
	tree, err := os.MkdirTemp(cache, "tree-")
	if err != nil {
		return "", fmt.Errorf("make the file system of %s: %w", architecture, err)
	}
	defer os.RemoveAll(tree)
	err = errors.Join(
		// Not only root has to get at what is in it.
		os.Chmod(tree, 0o755),
		os.WriteFile(filepath.Join(tree, "init"), initScript, 0o755),
	)
	if err != nil {
		return "", fmt.Errorf("make the file system of %s: %w", architecture, err)
	}
	fmt.Println("Building the tests for", architecture)
	for _, name := range testPackages() {
		if err := buildTest(ctx, name, architecture, filepath.Join(tree, testsFolder, name)); err != nil {
			return "", err
		}
	}
	// A test runs a 32-bit program, and there is no toolchain in the machine.
	err = compile(ctx, compatArchitectures[architecture], "build", "-o", filepath.Join(tree, "compat"), "./receiver/ebpfreceiver/testdata/compat")
	if err != nil {
		return "", err
	}
	// Some tests hold pages against the code.
	if err := os.CopyFS(filepath.Join(tree, testsFolder, "docs"), os.DirFS("docs")); err != nil {
		return "", fmt.Errorf("copy the documentation: %w", err)
	}
	image := filepath.Join(cache, "initramfs-"+architecture)
	return image, pack(ctx, image, "", tools, tree)
}

// addKernel returns an image that has the files of a kernel too.
func addKernel(ctx context.Context, cache, image string, m machine, k kernel) (string, error) {
	whole := filepath.Join(cache, "initramfs-"+m.name())
	return whole, pack(ctx, whole, image, k.tree)
}

// pack writes the contents of folders behind another image, if there is one. The kernel takes several
// archives one after the other.
func pack(ctx context.Context, image, before string, folders ...string) error {
	const script = `out=$1 before=$2; shift 2
		cat ${before:+"$before"} </dev/null >"$out"
		for folder; do (cd "$folder" && find . | cpio --quiet -o -H newc -R 0:0) >>"$out"; done`
	arguments := append([]string{"-ec", script, "sh", image, before}, folders...)
	if _, err := output(exec.CommandContext(ctx, "sh", arguments...)); err != nil {
		return fmt.Errorf("pack the file system: %w", err)
	}
	return nil
}

// fetchTools returns the folder that has the tools, unpacked.
func fetchTools(ctx context.Context, a *archive, cache, architecture string) (string, error) {
	folder := filepath.Join(cache, "tools-"+architecture)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	fmt.Println("Downloading tools for", architecture)
	var names []string
	for _, name := range toolPackages() {
		names = append(names, name+":"+architecture+"/"+toolSuite)
	}
	unpacked, err := a.unpack(ctx, names...)
	if err != nil {
		return "", err
	}
	// Documentation and translations only make it larger.
	err = errors.Join(os.RemoveAll(filepath.Join(unpacked, "usr/share")), os.Rename(unpacked, folder))
	if err != nil {
		return "", fmt.Errorf("keep the tools for %s: %w", architecture, err)
	}
	return folder, nil
}

// buildTest makes the test binary of a package, and takes along what its tests read.
func buildTest(ctx context.Context, name, architecture, folder string) error {
	binary := filepath.Join(folder, "package.test")
	if err := compile(ctx, architecture, "test", "-c", "-ldflags=-s -w", "-o", binary, "./"+name); err != nil {
		return err
	}
	data := filepath.Join(name, "testdata")
	if err := os.CopyFS(filepath.Join(folder, "testdata"), os.DirFS(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy %s: %w", data, err)
	}
	return nil
}

// compatArchitectures are the 32-bit ones whose programs a kernel may run too.
var compatArchitectures = map[string]string{"amd64": "386", "arm64": "arm"}

// compile runs the Go command for an architecture.
func compile(ctx context.Context, architecture string, arguments ...string) error {
	build := exec.CommandContext(ctx, "go", arguments...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
	if _, err := output(build); err != nil {
		return fmt.Errorf("build %s for %s: %w", arguments[len(arguments)-1], architecture, err)
	}
	return nil
}
