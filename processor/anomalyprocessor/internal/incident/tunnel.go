// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"bytes"
	"math"
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// tunnel counts a name that was looked up, and returns what the behaviour weighs more for it. From the third on they are taken for data that is sent in
// names: different ones are looked up below a domain that is new here, and each begins with a long label that was made up. Whoever runs the name server of
// the domain reads them. That an address is asked for as well as its IPv6 one, or again, makes no other name. No single name says so: those of load
// balancers and buckets look alike.
func (b *Behaviour) tunnel(e *behaviour.Event, o *profile.Observation) float64 {
	if e.Action != behaviour.Resolve || !madeUp(e.Detail, o) {
		return 0
	}
	before := bits.OnesCount64(b.lookedUp)
	b.lookedUp |= 1 << (xxhash.Sum64String(strings.ToLower(e.Detail)) % 64)
	names := bits.OnesCount64(b.lookedUp)
	switch {
	case names == before || names < tunnelNamesMin:
		return 0
	case names > tunnelNamesMin:
		return math.Log2(float64(names) / float64(before)) // one bit more each time that they double
	}
	b.Sensitivity, b.Expected = behaviour.Tunnel, false
	b.Explanation = cut(b.Explanation, explanationBytesMax-len(tunnelExplanation)) + tunnelExplanation
	return sensitiveBits
}

const tunnelExplanation = ", and several such names were looked up"

// madeUp tells whether the first label of a name is long enough to carry something, and a generalised one: no word.
func madeUp(name string, o *profile.Observation) bool {
	label, _, _ := strings.Cut(name, ".")
	segments := o.Object.Segments()
	return len(label) >= tunnelLabelBytesMin && segments > 0 && bytes.IndexByte(o.Object.Segment(segments-1), '<') >= 0
}
