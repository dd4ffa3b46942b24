// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/measure/nab"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/series"
)

// nabDefault is where the benchmark lies beside the repository.
const nabDefault = "../shared/data/nab"

// defaultDecades is the bar that the processor has by default, a score of 0.99.
const defaultDecades = 2

// nabPath returns what the environment says, or the default.
func nabPath() string {
	if path := os.Getenv("MEERKAT_NAB"); path != "" {
		return path
	}
	return nabDefault
}

// metrics prints what detectors reach in the Numenta Anomaly Benchmark.
func metrics(w io.Writer, folder string) error {
	all, err := nab.Read(folder)
	if err != nil {
		return err
	}
	points := 0
	for _, s := range all {
		points += len(s.Values)
	}
	choosing, confirming := nab.Halves(all)
	fmt.Fprintf(w, "Numenta Anomaly Benchmark: %d points in %d series.\n\n", points, len(all))
	fmt.Fprintln(w, "| detector | standard | few false | few missed | windows found | false detections | choosing half | confirming half | the same with the threshold of the choosing half | time per point |")
	fmt.Fprintln(w, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, d := range []struct {
		name   string
		detect func(*nab.Series) []float64
	}{
		{"ours", ours},
		{"windowed Gaussian, only what is highest in 300 points", func(s *nab.Series) []float64 { return nab.Records(nab.Distances(s)) }},
		{"windowed Gaussian", nab.Gaussian},
		{"random", nab.Random},
		{"nothing", nab.Nothing},
	} {
		begin := time.Now()
		scores := detectAll(all, d.detect)
		took := time.Since(begin) / time.Duration(points)
		p := nab.Profiles()
		best := nab.Score(all, scores, p[0])
		half := nab.Score(choosing, part(all, scores, choosing), p[0])
		other := part(all, scores, confirming)
		fmt.Fprintf(w, "| %s | %.1f | %.1f | %.1f | %d of %d | %d | %.1f | %.1f | %.1f | %v |\n", d.name, best.Score,
			nab.Score(all, scores, p[1]).Score, nab.Score(all, scores, p[2]).Score, best.Found, best.Windows, best.False, half.Score,
			nab.Score(confirming, other, p[0]).Score, nab.ScoreAt(confirming, other, p[0], half.Threshold).Score, took)
		if d.name == "ours" {
			atDefault := nab.ScoreAt(all, scores, p[0], defaultDecades)
			fmt.Fprintf(w, "<!-- ours: best threshold %.2f decades; at the default of %d: %.1f, %d windows, %d false -->\n", best.Threshold, defaultDecades,
				atDefault.Score, atDefault.Found, atDefault.False)
		}
	}
	fmt.Fprintln(w)
	return nil
}

// ours is what the processor says.
func ours(s *nab.Series) []float64 {
	var d series.Detector
	scores := make([]float64, len(s.Values))
	for at, value := range s.Values {
		if j, outcome := d.Add(s.Times[at], value); outcome == series.Judged && j.Record {
			scores[at] = j.Decades
		}
	}
	return scores
}

func detectAll(all []*nab.Series, detect func(*nab.Series) []float64) [][]float64 {
	scores := make([][]float64, len(all))
	for at, s := range all {
		scores[at] = detect(s)
	}
	return scores
}

// part returns the scores of some of the series.
func part(all []*nab.Series, scores [][]float64, some []*nab.Series) [][]float64 {
	of := make(map[*nab.Series][]float64, len(all))
	for at, s := range all {
		of[s] = scores[at]
	}
	picked := make([][]float64, len(some))
	for at, s := range some {
		picked[at] = of[s]
	}
	return picked
}
