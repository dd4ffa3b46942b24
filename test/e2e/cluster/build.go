// SPDX-License-Identifier: Apache-2.0

//go:build linux

package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/test/published"
)

// Version is the version of Kubernetes that is built.
const Version = "v1.37.2"

const (
	kubernetesModule = "k8s.io/kubernetes"
	programName      = "kubernetes"
)

// program is the source of one program that has all components, which one link makes and whose pages they share.
//
//go:embed program.go.txt
var program []byte

// Kubernetes is a build of the components.
type Kubernetes struct {
	folder string
}

// components are the names that the program is started under.
func components() []string {
	return []string{apiServer, controllerManager, schedulerName, kubeletName, proxyName}
}

func (k Kubernetes) path(component string) string { return filepath.Join(k.folder, component) }

// Build returns the components of Kubernetes, from the cache folder meerkat-e2e of the user if they are there. The first
// build takes some ten minutes; removing the folder renews it.
func Build(ctx context.Context) (Kubernetes, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return Kubernetes{}, fmt.Errorf("find the cache folder: %w", err)
	}
	folder := filepath.Join(caches, "meerkat-e2e", "kubernetes-"+Version)
	k := Kubernetes{folder: filepath.Join(folder, "bin")}
	source := filepath.Join(folder, "source")
	kept, _ := os.ReadFile(filepath.Join(source, "main.go"))
	if _, err := os.Stat(k.path(programName)); err == nil && string(kept) == string(program) {
		return k, nil
	}
	started := time.Now()
	fmt.Printf("Building Kubernetes %s in %s, which takes some ten minutes the first time\n", Version, folder)
	if err := build(ctx, source, k); err != nil {
		return Kubernetes{}, fmt.Errorf("build Kubernetes %s (remove %s to start anew): %w", Version, folder, err)
	}
	fmt.Printf("Built Kubernetes in %s\n", time.Since(started).Round(time.Second))
	return k, nil
}

func build(ctx context.Context, source string, k Kubernetes) error {
	if err := os.RemoveAll(k.folder); err != nil {
		return err
	}
	for _, folder := range []string{source, k.folder} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	module, err := published.ReadGoMod(ctx, source, kubernetesModule+"@"+Version)
	if err != nil {
		return err
	}
	for name, content := range map[string]string{"go.mod": scratchMod(module), "main.go": string(program)} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if _, err := published.Go(ctx, source, "mod", "tidy"); err != nil {
		return err
	}
	for _, name := range components() {
		if err := os.Symlink(programName, k.path(name)); err != nil {
			return err
		}
	}
	minor := strings.Split(Version, ".")[1]
	const version = " -X k8s.io/component-base/version.git"
	_, err = published.Go(ctx, source, "build", "-trimpath", "-o", k.path(programName), "-ldflags",
		"-s -w"+version+"Version="+Version+version+"Major=1"+version+"Minor="+minor, ".")
	return err
}

// scratchMod is the go.mod of a module that requires Kubernetes. Kubernetes' own replaces the modules that are made of parts of
// it by folders of its repository, which no proxy serves; here they are replaced by what was published of them.
func scratchMod(of published.GoMod) string {
	staging := strings.Replace(Version, "v1.", "v0.", 1)
	var text strings.Builder
	fmt.Fprintf(&text, "module kubernetes\n\ngo %s\n\nrequire %s %s\n\n", of.Go, kubernetesModule, Version)
	for _, replaced := range of.Replace {
		if strings.HasPrefix(replaced.New.Path, "./staging/") {
			fmt.Fprintf(&text, "replace %[1]s => %[1]s %[2]s\n", replaced.Old.Path, staging)
		}
	}
	return text.String()
}

// output runs a command and returns what it printed; if it fails, its complaints are in the error.
func output(command *exec.Cmd) (string, error) {
	printed, err := command.Output()
	if exit, exited := errors.AsType[*exec.ExitError](err); exited {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(printed), err
}
