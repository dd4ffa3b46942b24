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
	p, err := release.Describe(ctx, ".")
	if err != nil {
		return err
	}
	if *version != "" {
		p.Version = *version
	}
	sums, err := release.Make(ctx, p.Root, release.Architectures(), *output, *twice, func(root string, programs []release.Program, output string) (string, error) {
		p.Root = root
		return assemble(ctx, p, programs, output)
	})
	if err != nil {
		return err
	}
	fmt.Print(sums)
	return nil
}
