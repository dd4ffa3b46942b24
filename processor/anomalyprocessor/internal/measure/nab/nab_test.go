// SPDX-License-Identifier: Apache-2.0

package nab

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// folderDefault is where the benchmark lies beside the repository.
const folderDefault = "../../../../../../shared/data/nab"

func read(t *testing.T) []*Series {
	t.Helper()
	folder := os.Getenv("MEERKAT_NAB")
	if folder == "" {
		folder = folderDefault
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no copy of the Numenta Anomaly Benchmark: name one in MEERKAT_NAB")
	}
	all, err := Read(folder)
	require.NoError(t, err)
	return all
}

// The result files of the benchmark have 12 digits. With these its windowed Gaussian has the totals that are published.
func TestScore_published(t *testing.T) {
	all := read(t)
	require.Len(t, all, 58)
	scores := make([][]float64, len(all))
	for at, s := range all {
		scores[at] = Gaussian(s)
		for n := range scores[at] {
			scores[at][n] = math.Round(scores[at][n]*1e12) / 1e12
		}
	}
	for n, want := range []float64{39.65, 20.87, 47.41} {
		got := Score(all, scores, Profiles()[n])
		assert.InDelta(t, want, got.Score, 0.005)
		assert.Equal(t, 116, got.Windows)
	}
}

// made is a series of 100 points with a window of 11 in it.
func made() []*Series {
	s := &Series{Name: "folder/made.csv", Values: make([]float64, 100), Windows: [][2]int{{50, 60}}}
	for at := range s.Values {
		s.Times = append(s.Times, time.Unix(int64(at), 0))
	}
	return []*Series{s}
}

func scoresAt(points ...int) [][]float64 {
	scores := make([]float64, 100)
	for _, at := range points {
		scores[at] = 1
	}
	return [][]float64{scores}
}

func TestScore(t *testing.T) {
	standard := Profiles()[0]
	for _, c := range []struct {
		name         string
		points       []int
		want         float64
		found, wrong int
	}{
		{"nothing", nil, 0, 0, 0},
		{"perfect", []int{50}, 100, 1, 0},
		{"twice in the window", []int{50, 55}, 100, 1, 0},
		{"late in the window", []int{60}, 100 * (1 + (2/(1+math.Exp(-5./11))-1)/sigmoid(-1)) / 2, 1, 0},
		{"before the window", []int{20, 50}, 100 * (2 - 0.11) / 2, 1, 1},
		{"just behind the window", []int{50, 61}, 100 * (2 - 0.11*(1-2/(1+math.Exp(0.5)))) / 2, 1, 1},
		{"far behind the window", []int{50, 99}, 100 * (2 - 0.11) / 2, 1, 1},
		{"in probation", []int{14, 50}, 100, 1, 0},
		{"only outside", []int{20}, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Score(made(), scoresAt(c.points...), standard)
			assert.InDelta(t, c.want, r.Score, 1e-9)
			assert.Equal(t, c.found, r.Found)
			assert.Equal(t, c.wrong, r.False)
		})
	}
	fixed := ScoreAt(made(), scoresAt(20), standard, 0.5)
	assert.InDelta(t, -5.5, fixed.Score, 1e-9)
	assert.Zero(t, ScoreAt(made(), scoresAt(20), standard, 2).Score)
}

func TestHalves(t *testing.T) {
	var all []*Series
	for _, name := range []string{"a/1", "a/2", "a/3", "b/1", "b/2"} {
		all = append(all, &Series{Name: name})
	}
	choosing, confirming := Halves(all)
	assert.Equal(t, []*Series{all[0], all[2], all[3]}, choosing)
	assert.Equal(t, []*Series{all[1], all[4]}, confirming)
}

func TestRead_refused(t *testing.T) {
	_, err := Read(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "labels"), 0o700))
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "data", "x"), 0o700))
	labels := filepath.Join(folder, "labels", "combined_windows.json")
	require.NoError(t, os.WriteFile(labels, []byte(`{"x/y.csv": [["2014-04-01 00:00:00.000000", "2014-04-02 00:00:00.000000"]]}`), 0o600))
	for _, data := range []string{"", "timestamp,value\nx,1\n", "timestamp,value\n2014-04-01 00:00:00,x\n", "timestamp,value\n2014-04-01 00:00:00,1\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "data", "x", "y.csv"), []byte(data), 0o600))
		_, err := Read(folder)
		require.ErrorContains(t, err, "x/y.csv")
	}
}
