// SPDX-License-Identifier: Apache-2.0

package profile

// Census counts nodes by what is thought of them. All nodes that are none of these were seen, and are on probation.
type Census struct {
	// Known are normal, Marked were part of an incident and are not learned, Forbidden were said to be malicious.
	Known, Marked, Forbidden int
}

// Census looks at the whole profile.
func (p *Profile) Census() Census {
	var c Census
	for at := range p.table.slots {
		n := &p.table.slots[at]
		switch {
		case n.key == 0:
		case n.flags&flagForbidden != 0:
			c.Forbidden++
		case n.flags&flagMarked != 0:
			c.Marked++
		case n.flags&flagKnown != 0:
			c.Known++
		}
	}
	return c
}
