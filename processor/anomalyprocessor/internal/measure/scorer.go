// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// variant is a way to detect. The first is ours, the others tell what parts of it are good for.
type variant struct {
	name string
	// off leaves paths and arguments as they are.
	off bool
	// plain leaves out what is known to be sensitive.
	plain bool
	// score replaces a judgement, nil leaves it.
	score func() func(profile.Judgement) profile.Judgement
}

func variants() []variant {
	return []variant{
		{name: "recommended"},
		{name: "no generalisation", off: true},
		{name: "no list of what is sensitive", plain: true},
		{name: "never seen, flat 8 bits", score: flat},
		{name: "random", score: random},
	}
}

// flat says the same about everything that is new.
func flat() func(profile.Judgement) profile.Judgement {
	return func(j profile.Judgement) profile.Judgement {
		if j.Bits > 0 {
			j.Bits = 8
		}
		return j
	}
}

// random knows nothing, and says about one event in a thousand that it is surprising.
func random() func(profile.Judgement) profile.Judgement {
	source := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // it has to be the same in each run
	return func(j profile.Judgement) profile.Judgement {
		j.Bits = 0
		if source.IntN(1000) == 0 {
			j.Bits = 1 + 15*source.Float64()
		}
		return j
	}
}
