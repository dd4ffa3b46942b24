// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/measure/nab"
)

// What is measured has to stay so.
func TestMetrics_score(t *testing.T) {
	folder := os.Getenv("MEERKAT_NAB")
	if folder == "" {
		folder = filepath.Join("../../../..", nabDefault)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no copy of the Numenta Anomaly Benchmark: name one in MEERKAT_NAB")
	}
	all, err := nab.Read(folder)
	require.NoError(t, err)
	r := nab.Score(all, detectAll(all, ours), nab.Profiles()[0])
	assert.Greater(t, r.Score, 60.0)
}
