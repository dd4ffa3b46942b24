// SPDX-License-Identifier: Apache-2.0

// Command corpus records workloads and attacks in real containers on the running kernel, as the shipped collector sees them, for the
// measurement of detection.
//
// It changes nothing outside of its own folder, network namespaces and cgroups, and takes these away again; attacks are harmless, and
// their traffic stays in those namespaces. It never judges: what is an attack it knows from the script. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	o := options{}
	flag.StringVar(&o.binary, "binary", "bin/otelcol-meerkat", "the collector that records")
	flag.StringVar(&o.out, "out", "test/corpus/data", "folder for what is recorded")
	flag.StringVar(&o.source, "source", "test/corpus", "folder with workloads and attacks")
	only := flag.String("only", "", "workloads to record, with commas between them; all others stay as they are")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of what workloads do")
	flag.IntVar(&o.times, "times", 1, "how many times as many benign sessions to record for the test, once all is learned")
	flag.BoolVar(&o.quick, "quick", false, "record two sessions of each kind only")
	flag.BoolVar(&o.keep, "keep", false, "keep the collector's own file")
	flag.Parse()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := record(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
