// SPDX-License-Identifier: Apache-2.0

// Command packages makes the .deb, .rpm and .apk packages of the collector for Linux hosts, with check sums, for all processors that it
// is built for. It needs Go and git. What is in them is said by nfpm.yaml, and what they do when they are installed by scripts.
//
// It never needs root, the tools of a distribution or the network for anything but the modules that are pinned, signs nothing, and
// puts nothing into the packages that depends on the time, the machine or the folder in which they are made.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("packages", flag.ExitOnError)
	output := flags.String("output", "_build/packages", "the folder for what is made; it is replaced")
	version := flags.String("version", "", "the packages' version; that of builder-config.yaml if empty")
	twice := flags.Bool("twice", false, "make everything once more in another folder, and fail if anything differs")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	scratch, err := os.MkdirTemp("", "meerkat-packages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	p, err := release.Describe(ctx, ".")
	if err != nil {
		return err
	}
	if *version != "" {
		p.Version = *version
	}
	sums, err := makeAll(ctx, p, filepath.Join(scratch, "first"), *output)
	if err != nil {
		return err
	}
	if *twice {
		err := release.Again(ctx, p.Root, scratch, sums, func(root string) (string, error) {
			p.Root = root
			return makeAll(ctx, p, filepath.Join(scratch, "second"), filepath.Join(scratch, "output"))
		})
		if err != nil {
			return err
		}
	}
	fmt.Print(sums)
	return nil
}

// makeAll builds the programs and puts all packages into a folder. It returns the check sums.
func makeAll(ctx context.Context, p release.Product, scratch, output string) (string, error) {
	var programs []release.Program
	for _, architecture := range architectures {
		built, err := release.Build(ctx, p.Root, architecture, filepath.Join(scratch, architecture, release.ProgramName))
		if err != nil {
			return "", err
		}
		programs = append(programs, built)
	}
	return assemble(ctx, p, programs, output)
}
