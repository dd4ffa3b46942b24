// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// variant is a binary with some entries of the manifest.
type variant struct {
	entries []entry
	bytes   int64
}

// builder builds variants.
type builder struct {
	// root is the folder of the repository, and folder one for what is thrown away.
	root, folder string
	// program is the OpenTelemetry Collector Builder.
	program string
}

func newBuilder(ctx context.Context, root, folder string) (*builder, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	b := &builder{root: absolute, folder: folder}
	printed, err := b.command(ctx, "", "go", "tool", "-modfile=internal/tools/go.mod", "-n", "builder").Output()
	if err != nil {
		return nil, fmt.Errorf("find the builder: %w", err)
	}
	b.program = strings.TrimSpace(string(printed))
	return b, nil
}

// command prepares a program. goFlags hold for what it compiles.
func (b *builder) command(ctx context.Context, goFlags, name string, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, arguments...)
	c.Dir = b.root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath "+goFlags))
	return c
}

// build builds a variant and notes its size.
func (b *builder) build(ctx context.Context, m manifest, v *variant) error {
	folder, err := os.MkdirTemp(b.folder, "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "collector")
	if err := b.buildTo(ctx, m, v.entries, folder, binary); err != nil {
		return fmt.Errorf("build a binary with %d of %d entries: %w", len(v.entries), len(m.entries), err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	v.bytes = info.Size()
	return nil
}

func (b *builder) buildTo(ctx context.Context, m manifest, entries []entry, folder, binary string) error {
	text, err := m.with(entries)
	if err != nil {
		return err
	}
	manifestFile := filepath.Join(folder, "manifest.yaml")
	if err := os.WriteFile(manifestFile, text, 0o600); err != nil {
		return err
	}
	generated := filepath.Join(folder, "generated")
	generate := b.command(ctx, "", b.program, "--config", manifestFile, "--output-path", generated, "--skip-get-modules", "--skip-compilation")
	// It leaves an empty folder behind each time.
	generate.Env = append(generate.Env, "TMPDIR="+folder)
	if err := check(generate); err != nil {
		return err
	}
	overlay, err := b.overlay(generated, folder)
	if err != nil {
		return err
	}
	return check(b.command(ctx, "-overlay="+overlay, "make", "--no-print-directory", "build", "BINARY="+binary))
}

// overlay tells Go to take generated files for those of distribution/.
func (b *builder) overlay(generated, folder string) (string, error) {
	var replacements struct{ Replace map[string]string }
	replacements.Replace = map[string]string{}
	files, err := os.ReadDir(generated)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		replacements.Replace[filepath.Join(b.root, "distribution", file.Name())] = filepath.Join(generated, file.Name())
	}
	text, err := json.Marshal(replacements)
	if err != nil {
		return "", err
	}
	name := filepath.Join(folder, "overlay.json")
	return name, os.WriteFile(name, text, 0o600)
}

// check runs a command whose output matters only if it fails.
func check(c *exec.Cmd) error {
	if printed, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(c.Path), err, printed)
	}
	return nil
}
