// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "time"

// What the collector is held to. A megabyte has a million bytes, a core is one second per second.
const (
	execsPerSecondWithoutLoss    = 3000
	opensPerSecondWithoutLoss    = 8192
	connectsPerSecondWithoutLoss = 3000

	// idleResidentBytesMax includes the pages of the binary that have been used, which are more than half of it.
	idleResidentBytesMax = 90_000_000
	busyResidentBytesMax = 120_000_000
	// topResidentBytesMax is for the highest rates, which are as high as the machine can offer.
	topResidentBytesMax = 150_000_000

	// ordinaryCoresMax is for the ordinary load, with all of it first seen.
	ordinaryCoresMax          = 0.05
	ordinaryExecsPerSecond    = 100
	ordinaryOpensPerSecond    = 1000
	ordinaryConnectsPerSecond = 100

	// What the collector may take of the processor and the memory of a busy host, as it is configured by
	// default.
	busyCoresMax          = 0.05
	busyExecsPerSecond    = 1000
	busyOpensPerSecond    = 10_000
	busyConnectsPerSecond = 1000

	mapBytesMax   = 48_000_000
	attachTimeMax = 1500 * time.Millisecond

	// switchTimeMax is for the median of all switches, uploadTimeMax from an upload to the first event.
	switchTimeMax      = 50 * time.Millisecond
	switchTimeWorstMax = 200 * time.Millisecond
	uploadTimeMax      = 300 * time.Millisecond

	// topPerSecond is the highest rate that is asked for.
	topPerSecond = 8192
	// offeredShareMin is how much of a rate has to be offered for the machine to count as able to.
	offeredShareMin = 0.95
)

// How the load is made.
const (
	// tick is how finely operations are scheduled: several are due at once at higher rates.
	tick = time.Millisecond
	// catchUpMax is how long after its end a load may still do what it was late with.
	catchUpMax = 250 * time.Millisecond
	// sameFiles is how many files a load opens again and again.
	sameFiles = 4
	// programRate is the rate of each load while the kernel's statistics are on.
	programRate = 500
)

// How long is waited for what takes a moment.
const (
	startTimeout  = 30 * time.Second
	stopTimeout   = 30 * time.Second
	scrapeTimeout = 5 * time.Second
	scrapeBytes   = 16 << 20
	settleTimeout = 15 * time.Second
	settlePoll    = 250 * time.Millisecond
	// writtenAfter is how long the file exporter may keep what it was given; the quickstart's flush
	// interval is less than half of it.
	writtenAfter = 500 * time.Millisecond
	// idleAfter is how long the collector is left alone before it counts as idle.
	idleAfter = 5 * time.Second
)

// plan is how much is measured.
type plan struct {
	Rates            []int
	RateDuration     time.Duration
	OrdinaryDuration time.Duration
	BusyDuration     time.Duration
	ProgramDuration  time.Duration
	// SwitchesEach is how often each tracer is switched off and on again.
	SwitchesEach   int
	Uploads        int
	SlowdownRounds int
	// Operations of each kind in a round of the slow-down.
	SlowdownExecs, SlowdownOpens, SlowdownConnects int
}

func fullPlan() plan {
	return plan{
		Rates: []int{300, 1000, 3000, topPerSecond}, RateDuration: 5 * time.Second, OrdinaryDuration: 20 * time.Second,
		BusyDuration:    8 * time.Second,
		ProgramDuration: 3 * time.Second,
		SwitchesEach:    10, Uploads: 10,
		SlowdownRounds: 5, SlowdownExecs: 1500, SlowdownOpens: 40_000, SlowdownConnects: 8000,
	}
}

func quickPlan() plan {
	return plan{
		Rates: []int{3000, topPerSecond}, RateDuration: 2 * time.Second, OrdinaryDuration: 6 * time.Second,
		BusyDuration:    4 * time.Second,
		ProgramDuration: time.Second,
		SwitchesEach:    3, Uploads: 3,
		SlowdownRounds: 1, SlowdownExecs: 800, SlowdownOpens: 16_000, SlowdownConnects: 4000,
	}
}

// poolFiles is how many files there have to be for no load to open one twice.
func (p plan) poolFiles() int {
	return max(topPerSecond*int(p.RateDuration/time.Second), busyOpensPerSecond*int(p.BusyDuration/time.Second), ordinaryOpensPerSecond*int(p.OrdinaryDuration/time.Second), p.SlowdownOpens)
}
