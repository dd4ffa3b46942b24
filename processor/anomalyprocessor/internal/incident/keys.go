// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"slices"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Keys returns the keys of all behaviours, each as it was seen first, for keeping the profile from learning them.
func (i *Incident) Keys() []profile.Keys {
	keys := make([]profile.Keys, len(i.Behaviours))
	for at := range i.Behaviours {
		keys[at] = i.Behaviours[at].Keys
	}
	return keys
}

// AllKeys returns the keys of the behaviour, with whatever arguments it was seen.
func (b *Behaviour) AllKeys() []profile.Keys { return append([]profile.Keys{b.Keys}, b.Variants...) }

// vary remembers with which arguments the behaviour was seen, which rules matched, and whether its name was read as one of many that are made up.
// It returns how many had no room.
func (b *Behaviour) vary(o *profile.Observation, j profile.Judgement, hint Hint) (more uint32) {
	keys := o.Keys()
	if j.Behaviour != keys.Exact && j.Behaviour != keys.Wide {
		more += include(&b.Excuses, profile.Keys{Exact: j.Behaviour})
	}
	if keys.Shape != b.Keys.Shape {
		more += include(&b.Variants, profile.Keys{Shape: keys.Shape})
	}
	for _, rule := range hint.Rules {
		more += include(&b.Excuses, keys.Excuse(rule))
	}
	return more
}

// Join takes in the same behaviour of another incident: how often and with which arguments it was seen, what it weighs, in which way it is sensitive,
// which rules matched, and with whom it was. When it was seen first stays.
func (b *Behaviour) Join(other *Behaviour) {
	b.Count += other.Count
	b.Weight = max(b.Weight, other.Weight)
	b.Forbidden = b.Forbidden || other.Forbidden
	b.lookedUp |= other.lookedUp
	if b.Sensitivity == behaviour.Ordinary && other.Sensitivity != behaviour.Ordinary {
		b.Sensitivity, b.Expected, b.Explanation = other.Sensitivity, other.Expected, other.Explanation
	}
	b.AddEnds(other.Ends)
	for _, keys := range slices.Concat(other.Variants, []profile.Keys{{Shape: other.Keys.Shape}}) {
		if keys.Shape != b.Keys.Shape {
			include(&b.Variants, keys)
		}
	}
	for _, keys := range other.Excuses {
		include(&b.Excuses, keys)
	}
}

// include adds keys that are not there yet, and returns 1 if there is no room. Copies of a behaviour share their lists, so one that grows is a new one.
func include(all *[]profile.Keys, keys profile.Keys) uint32 {
	switch {
	case keys == (profile.Keys{}) || slices.Contains(*all, keys):
	case len(*all) < variantsMax:
		*all = append(slices.Clip(*all), keys)
	default:
		return 1
	}
	return 0
}
