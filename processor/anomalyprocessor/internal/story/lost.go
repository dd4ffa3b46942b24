// SPDX-License-Identifier: Apache-2.0

package story

// lostStep is by how much the share has to grow to be worth telling.
const lostStep = 0.05

// SetLost tells which share of events was lost where the story happens. The largest one stays: what was not seen then is never seen.
func (s *Story) SetLost(share float64) {
	if share <= s.lost {
		return
	}
	s.changed = s.changed || share-s.toldLost >= lostStep
	s.lost = share
}

// Lost is the largest share of events that was lost meanwhile, 0 if none is known to be.
func (s *Story) Lost() float64 { return s.lost }
