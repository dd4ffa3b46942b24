// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"
)

const (
	monthDays = 30
	// changedDay is from when on the workload does what its new version does.
	changedDay = 10
)

// month replays thirty days with a new version on each of them, of which one changes what the workload does, and attacks what has been
// learned by then.
func month(w io.Writer, runs []*execution) error {
	v := variants()[0]
	raised, merged, told, found, attacks := 0, 0, 0, 0, 0
	var nodes, bytes []int
	for _, workload := range workloads(runs) {
		t, err := train(v, workload, runs)
		if err != nil {
			return err
		}
		d, err := t.detector(v)
		if err != nil {
			return err
		}
		version, stories := "", []*story(nil)
		for day := range monthDays {
			version = fmt.Sprintf("v%d", 2+day)
			some := of(runs, workload, "test")
			if day >= changedDay {
				some = of(runs, workload, "drift")
			}
			notice := false
			perDay := int(24 * time.Hour / some[0].apart)
			for n := range perDay {
				out := d.replay(some[(day*perDay+n)%len(some)], version)
				for _, i := range out.raised {
					raised++
					stories = merge(stories, i, workload, workload)
				}
				notice = notice || len(out.expected) > 0
			}
			if notice {
				told++
			}
		}
		merged += len(stories)
		nodes, bytes = append(nodes, d.profile.Stats().Nodes), append(bytes, d.profile.Stats().Bytes)
		aged := &trained{workload: workload, profile: d.profile.Encode(), runs: d.runs}
		for _, x := range of(runs, workload, "attack") {
			attacked, err := aged.detector(v)
			if err != nil {
				return err
			}
			attacks++
			if (&result{}).countProcesses(attacked.replay(x, version)) {
				found++
			}
		}
	}
	fmt.Fprintf(w, "\nThirty days with a new version each, the %dth of which changes what is done: %d incidents, which are %d when merged, a notice on %d days of workloads; "+
		"nodes %v, bytes %v. Of %d attacks after that, %d are found.\n", changedDay+1, raised, merged, told, nodes, bytes, attacks, found)
	return nil
}
