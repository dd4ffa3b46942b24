// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"math"
	"math/rand/v2"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// variant is a way to detect. The first is ours, the others tell what parts of it are good for.
type variant struct {
	name string
	// off leaves paths and arguments as they are.
	off bool
	// plain leaves out what is known to be sensitive, noRules what rules say.
	plain, noRules bool
	// noRuntime leaves out what the container runtime does to make a container, before it is one.
	noRuntime bool
	// score replaces judgements, nil leaves them.
	score scorer
}

// scorer is a simple way to judge, to compare with. It says the same whenever it is asked the same in the same order.
type scorer interface {
	score(profile.Judgement) profile.Judgement
	// clone returns one that knows as much, and learns by itself.
	clone() scorer
}

func variants() []variant {
	return []variant{
		{name: "recommended"},
		{name: "no generalisation", off: true},
		{name: "no list of what is sensitive", plain: true},
		{name: "no rules", noRules: true},
		{name: "neither rules nor that list", noRules: true, plain: true},
		{name: "no events of the container runtime", noRuntime: true},
		{name: "never seen, flat 8 bits", score: flat{}},
		{name: "rare, by frequency", noRules: true, plain: true, score: newFrequency()},
		{name: "random", noRules: true, plain: true, score: newRandom()},
	}
}

// flat says the same about everything that is new.
type flat struct{}

func (flat) score(j profile.Judgement) profile.Judgement {
	if j.Bits > 0 {
		j.Bits = 8
	}
	return j
}

func (flat) clone() scorer { return flat{} }

// frequency goes by how rare a behaviour was among all: one in a thousand is surprising.
type frequency struct {
	counts map[uint64]float64
	all    float64
}

func newFrequency() *frequency { return &frequency{counts: map[uint64]float64{}} }

func (f *frequency) score(j profile.Judgement) profile.Judgement {
	j.Bits = min(math.Log2((f.all+1)/(f.counts[j.Behaviour]+1)), 16)
	if j.Bits < math.Log2(1000) {
		j.Bits = 0
	}
	f.counts[j.Behaviour]++
	f.all++
	return j
}

func (f *frequency) clone() scorer { return &frequency{maps.Clone(f.counts), f.all} }

// random knows nothing, and says about one event in a thousand that it is surprising.
type random struct{ source *rand.Rand }

func newRandom() random {
	return random{rand.New(rand.NewPCG(1, 2))} //nolint:gosec // it has to be the same in each run
}

func (r random) score(j profile.Judgement) profile.Judgement {
	j.Bits = 0
	if r.source.IntN(1000) == 0 {
		j.Bits = 1 + 15*r.source.Float64()
	}
	return j
}

func (random) clone() scorer { return newRandom() }
