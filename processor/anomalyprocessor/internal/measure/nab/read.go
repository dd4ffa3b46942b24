// SPDX-License-Identifier: Apache-2.0

// Package nab reads the Numenta Anomaly Benchmark and scores detectors by its published rules.
//
// A detector gives each point of each series a score. Anomalies are windows: the first detection in one counts, the earlier the more; each
// detection outside counts against the detector, and so does a window without any. One threshold holds for all series, and is the best
// one. The result is scaled so that no detection at all is 0, and the first point of each window and nothing else is 100. The rules are
// those of nab/sweeper.py in github.com/numenta/NAB, written anew. The package never detects anything, and changes no file.
package nab

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const (
	// timeLayout is how data has times, windowLayout how labels have them.
	timeLayout   = "2006-01-02 15:04:05"
	windowLayout = "2006-01-02 15:04:05.000000"
	// In the first part of a series nothing is scored, so that detectors can learn: probationShare of its points, at most probationPointsMax.
	probationShare     = 0.15
	probationPointsMax = 750
)

// Series is one labelled time series.
type Series struct {
	// Name is the path of its file, such as realTweets/Twitter_volume_AAPL.csv.
	Name   string
	Times  []time.Time
	Values []float64
	// Windows are the anomalies, as indexes of the first and the last point, in order.
	Windows [][2]int
}

// Probation is how many points at the beginning are not scored.
func (s *Series) Probation() int {
	return int(min(probationShare*float64(len(s.Values)), probationPointsMax))
}

// Read reads all series of a copy of the benchmark, in the order of their names.
func Read(folder string) ([]*Series, error) {
	content, err := os.ReadFile(filepath.Join(folder, "labels", "combined_windows.json")) //nolint:gosec // a person names the folder
	if err != nil {
		return nil, fmt.Errorf("read labels of the benchmark: %w", err)
	}
	var labels map[string][][2]string
	if err := json.Unmarshal(content, &labels); err != nil {
		return nil, fmt.Errorf("read labels of the benchmark: %w", err)
	}
	all := make([]*Series, 0, len(labels))
	for name, windows := range labels {
		s, err := readSeries(folder, name, windows)
		if err != nil {
			return nil, fmt.Errorf("read series %s: %w", name, err)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Series) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all, nil
}

func readSeries(folder, name string, windows [][2]string) (*Series, error) {
	file, err := os.Open(filepath.Join(folder, "data", filepath.FromSlash(name))) //nolint:gosec // a person names the folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	s := &Series{Name: name}
	for _, row := range rows[min(1, len(rows)):] {
		at, err := time.Parse(timeLayout, row[0])
		if err != nil {
			return nil, err
		}
		value, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return nil, err
		}
		s.Times, s.Values = append(s.Times, at), append(s.Values, value)
	}
	for _, window := range windows {
		first, err := s.index(window[0])
		if err != nil {
			return nil, err
		}
		last, err := s.index(window[1])
		if err != nil {
			return nil, err
		}
		s.Windows = append(s.Windows, [2]int{first, last})
	}
	return s, nil
}

// index returns where a time of the labels is. Of points with the same time it is the first, as in the benchmark.
func (s *Series) index(text string) (int, error) {
	at, err := time.Parse(windowLayout, text)
	if err != nil {
		return 0, err
	}
	found := slices.IndexFunc(s.Times, at.Equal)
	if found < 0 {
		return 0, fmt.Errorf("there is no point at %s, where a window begins or ends", text)
	}
	return found, nil
}

// Halves splits series by name: every second one of each folder is for choosing between detectors, the others only confirm the choice.
func Halves(all []*Series) (choosing, confirming []*Series) {
	count := map[string]int{}
	for _, s := range all {
		folder := filepath.Dir(s.Name)
		if count[folder]%2 == 0 {
			choosing = append(choosing, s)
		} else {
			confirming = append(confirming, s)
		}
		count[folder]++
	}
	return choosing, confirming
}
