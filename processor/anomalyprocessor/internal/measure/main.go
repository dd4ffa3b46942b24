// SPDX-License-Identifier: Apache-2.0

// Command measure tells what detection finds in recorded events, what it raises for nothing, and how fast it is.
//
// It reads the corpus of this repository, or events that were recorded elsewhere, and for metrics a copy of the Numenta Anomaly Benchmark, and
// changes nothing but its output. It judges with the packages of the processor anomaly as they are; what it adds are labels, splits of the
// corpus, and simpler scorers to compare with.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/meerkat-otel/meerkat/internal/corpus"
)

// corpusDefault is where the recorded corpus lies, seen from the root of the repository.
const corpusDefault = "test/corpus/data"

func main() {
	path := flag.String("corpus", cmp.Or(os.Getenv("MEERKAT_CORPUS"), corpusDefault), "folder of a corpus, or folder or file of events that were recorded elsewhere (or MEERKAT_CORPUS)")
	nabPath := flag.String("nab", nabPath(), "folder of the Numenta Anomaly Benchmark (or MEERKAT_NAB)")
	onlyMetrics := flag.Bool("metrics", false, "measure only what is found in metrics")
	choosing := flag.Bool("choosing", false, "measure only on the workloads for choosing: what is looked at while something changes")
	verbose := flag.Bool("v", false, "print each incident that is raised")
	flag.Parse()
	err := metrics(os.Stdout, *nabPath)
	if !*onlyMetrics {
		err = errors.Join(err, run(*path, *choosing, *verbose))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(path string, choosing, verbose bool) error {
	split, err := corpus.ReadSplit(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		runs, err := readCorpus(path)
		if err != nil {
			return err
		}
		return all(filepath.Base(path), runs, verbose)
	}
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name      string
		workloads []string
	}{{"for choosing", split.Train}, {"for the report only", split.Test}} {
		if choosing && part.name != "for choosing" {
			continue
		}
		runs, reader, err := readSessions(path, part.workloads)
		if err != nil {
			return err
		}
		fmt.Printf("\n## Workloads %s: %s\n\nRecords: %s.\n", part.name, strings.Join(part.workloads, ", "), reader)
		if err := all(filepath.Base(path), runs, verbose); err != nil {
			return err
		}
	}
	return nil
}

// all measures some runs in every way.
func all(name string, runs []*execution, verbose bool) error {
	if err := report(os.Stdout, name, runs, verbose); err != nil {
		return err
	}
	if err := month(os.Stdout, runs); err != nil {
		return err
	}
	return speed(os.Stdout, runs)
}
