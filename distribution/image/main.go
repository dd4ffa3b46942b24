// SPDX-License-Identifier: Apache-2.0

// Command image makes the container image of the collector, with a list of what is in it and check sums, for all
// processors that it is built for. It needs Go and git.
//
// It never needs a container engine, a registry or root, never asks the network for anything but the modules in go.mod,
// and puts nothing into the image that depends on the time, the machine or the folder in which it is made.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/meerkat-otel/meerkat/distribution/internal/release"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("image", flag.ExitOnError)
	output := flags.String("output", "_build/image", "the folder for what is made; it is replaced")
	name := flags.String("name", "", "the image's name with its tag; localhost/meerkat:VERSION if empty")
	only := flags.String("only", "", "make it for this processor alone, as Go calls it")
	twice := flags.Bool("twice", false, "make everything once more in another folder, and fail if anything differs")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	targets := release.Architectures()
	if *only != "" {
		if !slices.Contains(targets, *only) {
			return fmt.Errorf("-only %s: the image is for %s", *only, strings.Join(targets, ", "))
		}
		targets = []string{*only}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := describe(ctx, ".", *name)
	if err != nil {
		return err
	}
	sums, err := release.Make(ctx, p.Root, targets, *output, *twice, func(root string, programs []release.Program, output string) (string, error) {
		p.Root = root
		return assemble(ctx, p, programs, output)
	})
	if err != nil {
		return err
	}
	fmt.Print(sums)
	return nil
}
