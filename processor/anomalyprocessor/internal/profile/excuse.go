// SPDX-License-Identifier: Apache-2.0

package profile

// Excuse names that a rule matches a behaviour, for Accept: somebody said that it is benign all the same. It holds for who does it, what it is
// done to and with which arguments, and for no other rule, so that what is accepted once hides nothing else.
func (k Keys) Excuse(rule string) Keys {
	who := k.Exact
	if who == 0 {
		who = k.Wide
	}
	return Keys{Exact: mix(mix(who, k.Shape), mix(saltRule, text(rule)))}
}

// Excused tells whether somebody has accepted that a rule matches a behaviour.
func (p *Profile) Excused(o *Observation, rule string) bool {
	n := p.table.find(o.Keys().Excuse(rule).Exact)
	return n != nil && n.flags&flagAccepted != 0
}

// Revoke takes back what was accepted, and leaves what was learned otherwise.
func (p *Profile) Revoke(keys ...Keys) {
	for _, k := range keys {
		if n := p.table.find(k.Exact); n != nil && n.flags&flagAccepted != 0 {
			n.flags &^= flagKnown | flagAccepted
		}
	}
}
