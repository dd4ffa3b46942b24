// SPDX-License-Identifier: Apache-2.0

// Command measure tells what detection finds in recorded events, what it raises for nothing, and how fast it is.
//
// It needs a corpus of events that were recorded elsewhere, and for metrics a copy of the Numenta Anomaly Benchmark, and changes nothing but its output. It judges with the packages of the
// processor anomaly as they are; what it adds are labels, splits of the corpus, and simpler scorers to compare with.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// corpusDefault is where the corpus lies beside the repository.
const corpusDefault = "../shared/data/host-events"

func main() {
	corpusPath := flag.String("corpus", corpusPath(), "folder or file of the recorded events (or MEERKAT_HOST_EVENTS)")
	nabPath := flag.String("nab", nabPath(), "folder of the Numenta Anomaly Benchmark (or MEERKAT_NAB)")
	onlyMetrics := flag.Bool("metrics", false, "measure only what is found in metrics")
	verbose := flag.Bool("v", false, "print each incident that is raised")
	flag.Parse()
	err := metrics(os.Stdout, *nabPath)
	if !*onlyMetrics {
		err = errors.Join(err, run(*corpusPath, *verbose))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// corpusPath returns what the environment says, or the default.
func corpusPath() string {
	if path := os.Getenv("MEERKAT_HOST_EVENTS"); path != "" {
		return path
	}
	return corpusDefault
}

func run(path string, verbose bool) error {
	runs, err := readCorpus(path)
	if err != nil {
		return err
	}
	if err := report(os.Stdout, filepath.Base(path), runs, verbose); err != nil {
		return err
	}
	if err := month(os.Stdout, runs); err != nil {
		return err
	}
	return speed(os.Stdout, runs)
}
