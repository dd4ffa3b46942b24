// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"time"
	"unsafe"
)

const (
	// idleMin is for how long a series must have had no points before another may take its place.
	idleMin = time.Hour
	// gapMax is how far points of a counter may be apart: the rate over a longer time says nothing about the present.
	gapMax = 2 * time.Hour
	// findingsMax is how many anomalies are remembered of a workload.
	findingsMax = 8
	// Texts of an anomaly.
	nameBytesMax     = 256
	attributesMax    = 8
	seriesBytesMax   = 512
	workloadBytesMax = 1024
	// backwardsMax is how many points of a counter in a row may be earlier than the last one, until the clock is believed. Package series has
	// the same for what it judges.
	backwardsMax = 8
)

// SeriesBytes is what a series takes: what is known of it, its places in the two indexes, and its part of what is kept of its workload.
const SeriesBytes = int(unsafe.Sizeof(entry{})) + 128

// Limits bound what is kept.
type Limits struct {
	// SeriesMax is for all workloads, WorkloadSeriesMax for each; BytesMax bounds the first too.
	SeriesMax, WorkloadSeriesMax, BytesMax int
}

// series is how many series there may be.
func (l *Limits) series() int { return min(l.SeriesMax, l.BytesMax/SeriesBytes) }
