// SPDX-License-Identifier: Apache-2.0

// Command size prints what each entry of builder-config.yaml adds to the binary, so that whoever adds a
// component knows its price.
//
// It builds the binary once for each row, with the Makefile's flags and the versions of go.mod. It never
// changes a file of the repository: what differs is laid over distribution/ while Go builds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("size", flag.ExitOnError)
	manifestName := flags.String("manifest", "builder-config.yaml", "the builder's manifest, in the root of the repository")
	quick := flags.Bool("quick", false, "only add entries one after the other, which is half of the builds")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	text, err := os.ReadFile(*manifestName)
	if err != nil {
		return err
	}
	m, err := parse(text)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "meerkat-size-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b, err := newBuilder(ctx, filepath.Dir(*manifestName), folder)
	if err != nil {
		return err
	}
	r := newReport(m, *quick)
	if err := b.measure(ctx, m, r.variants()); err != nil {
		return err
	}
	return r.print(os.Stdout)
}

// measure builds all variants and notes their sizes. Building is mostly linking, which keeps one
// processor busy, so as many run at a time as there are processors.
func (b *builder) measure(ctx context.Context, m manifest, variants []*variant) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	waiting := make(chan *variant, len(variants))
	for _, v := range variants {
		waiting <- v
	}
	close(waiting)
	errs := make([]error, runtime.NumCPU())
	var working sync.WaitGroup
	for i := range errs {
		working.Go(func() {
			for v := range waiting {
				if errs[i] = b.build(ctx, m, v); errs[i] != nil {
					cancel()
					return
				}
				fmt.Fprint(os.Stderr, ".")
			}
		})
	}
	working.Wait()
	fmt.Fprintln(os.Stderr)
	return errors.Join(errs...)
}
