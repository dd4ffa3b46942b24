// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// kernel is a kernel in the cache.
type kernel struct {
	// image is the file that is booted.
	image string
	// release is what uname calls it.
	release string
	// tree holds what of it has to be in the machine's file system: modules.
	tree string
}

const (
	// kernelTriesMax bounds how many packages are tried: a list may name some that the mirror doesn't
	// have any more, or not yet.
	kernelTriesMax = 16
	imagePrefix    = "vmlinuz-"
	// modulesFolder is where /init takes modules from.
	modulesFolder = "modules"
)

// modules are what tests need of a kernel that is not built in.
func modules() []string {
	// A pair of interfaces makes a network in which nobody answers; containers have overlay file systems.
	return []string{"veth.ko", "overlay.ko"}
}

// fetchKernel returns the kernel of a machine, from the cache if it is there. Removing the cache renews
// the kernels.
func fetchKernel(ctx context.Context, a *archive, cache string, m machine) (kernel, error) {
	folder := filepath.Join(cache, "kernels", m.name())
	if k, ok := cachedKernel(folder, m); ok {
		return k, nil
	}
	// Packages of all suites have their kernel's version in the name, except for this one.
	names := []string{userModePackage + ":" + m.architecture + "/" + m.suite}
	if !m.userMode() {
		var err error
		if names, err = a.names(ctx, m.pattern, m.architecture); err != nil {
			return kernel{}, err
		}
	}
	if len(names) == 0 {
		return kernel{}, fmt.Errorf("%w: no package of %s matches %s", errArchive, m.suite, m.pattern)
	}
	var refused error
	for _, name := range names[:min(len(names), kernelTriesMax)] {
		fmt.Println("Downloading", name)
		err := keepKernel(ctx, a, name, m, folder)
		if err == nil {
			k, _ := cachedKernel(folder, m)
			return k, nil
		}
		refused = errors.Join(refused, err)
	}
	return kernel{}, refused
}

// cachedKernel returns the kernel that a folder has, if it has all of it.
func cachedKernel(folder string, m machine) (kernel, bool) {
	images, _ := filepath.Glob(filepath.Join(folder, imagePrefix+"*"))
	if len(images) == 0 {
		return kernel{}, false
	}
	k := kernel{image: images[0], tree: filepath.Join(folder, "tree")}
	k.release = strings.TrimPrefix(filepath.Base(k.image), imagePrefix)
	for _, module := range modules() {
		found, _ := filepath.Glob(filepath.Join(k.tree, modulesFolder, module+"*"))
		if len(found) == 0 && !m.userMode() {
			return kernel{}, false
		}
	}
	return k, true
}

func keepKernel(ctx context.Context, a *archive, name string, m machine, folder string) error {
	unpacked, err := a.unpack(ctx, name)
	if err != nil {
		return err
	}
	defer os.RemoveAll(unpacked)
	image, release, err := findImage(unpacked)
	if err != nil {
		return fmt.Errorf("package %s: %w", name, err)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove what was kept of the kernel of %s: %w", name, err)
	}
	to := filepath.Join(folder, "tree", modulesFolder)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("keep the kernel of %s: %w", name, err)
	}
	if m.userMode() {
		return os.Rename(image, filepath.Join(folder, imagePrefix+release))
	}
	if err := keepModules(unpacked, to); err != nil {
		// Lately they are in a package of their own.
		separate, unpackErr := a.unpack(ctx, "linux-modules-"+release+":"+m.architecture)
		if unpackErr != nil {
			return errors.Join(err, unpackErr)
		}
		defer os.RemoveAll(separate)
		if err := keepModules(separate, to); err != nil {
			return err
		}
	}
	return os.Rename(image, filepath.Join(folder, imagePrefix+release))
}

// findImage finds the kernel in an unpacked package: its release is in the name of the file, lately in
// that of the folder, and in that of the modules' folder if it is a program.
func findImage(unpacked string) (image, release string, err error) {
	program := filepath.Join(unpacked, "usr/bin/linux.uml")
	modules, err := filepath.Glob(filepath.Join(unpacked, "usr/lib/uml/modules/*"))
	if _, missing := os.Stat(program); missing == nil && err == nil && len(modules) == 1 {
		return program, filepath.Base(modules[0]), nil
	}
	for _, pattern := range []string{"boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz*"} {
		images, err := filepath.Glob(filepath.Join(unpacked, pattern))
		if err != nil || len(images) != 1 {
			continue
		}
		if release, ok := strings.CutPrefix(filepath.Base(images[0]), imagePrefix); ok {
			return images[0], release, nil
		}
		return images[0], filepath.Base(filepath.Dir(images[0])), nil
	}
	return "", "", errors.New("there is no kernel in it")
}

// keepModules moves the modules that are needed, wherever the package has them, compressed or not.
func keepModules(from, to string) error {
	missing := modules()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := strings.TrimSuffix(entry.Name(), ".xz")
		if !slices.Contains(missing, name) {
			return nil
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
		return os.Rename(path, filepath.Join(to, entry.Name()))
	})
	if err != nil {
		return fmt.Errorf("look for modules: %w", err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the package has no modules %s", missing)
	}
	return nil
}
