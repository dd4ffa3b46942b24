// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// Profiles implements control.Detection.
func (k *controller) Profiles(page control.Page) control.Profiles {
	list := control.Profiles{Profiles: []control.Profile{}}
	workloads := k.core.profiles.Workloads()
	slices.Sort(workloads)
	begin, found := slices.BinarySearch(workloads, page.After)
	if found {
		begin++
	}
	for _, workload := range workloads[begin:] {
		if page.Workload != "" && page.Workload != workload {
			continue
		}
		var one control.Profile
		if !k.core.profiles.Find(workload, func(p *profile.Profile) { one = describeProfile(p) }) || page.State != "" && page.State != one.State {
			continue
		}
		if len(list.Profiles) == page.Limit {
			list.Next = list.Profiles[page.Limit-1].Workload
			break
		}
		list.Profiles = append(list.Profiles, one)
	}
	return list
}

// describeProfile is for the owner of the profile.
func describeProfile(p *profile.Profile) control.Profile {
	stats, progress := p.Stats(), p.Progress()
	d := control.Profile{
		ID: addressOfText(p.Workload()), Workload: p.Workload(), State: p.State().String(),
		Learning: control.Learning{
			Progress: progress.Fraction, RemainingSeconds: progress.Remaining.Seconds(), WaitsFor: progress.Reason,
			ObservedSeconds: progress.Observed.Seconds(), NewPerThousand: progress.NewPerThousand, Settled: progress.Settled,
		},
		Events: stats.Events, Nodes: stats.Nodes, Bytes: stats.Bytes, Replicas: stats.Instances, Versions: stats.Versions, Evicted: stats.Evicted,
	}
	for _, s := range beside(p).book.Stories() {
		if !s.Closed() {
			d.IncidentsOpen++
		}
	}
	return d
}

// workloadOf finds the workload of a profile by its id, empty if there is none.
func (k *controller) workloadOf(id string) string {
	for _, workload := range k.core.profiles.Workloads() {
		if addressOfText(workload) == id {
			return workload
		}
	}
	return ""
}

// Profile implements control.Detection.
func (k *controller) Profile(id string) (control.ProfileDetails, error) {
	return k.detailsOf(id, k.workloadOf(id))
}

func (k *controller) detailsOf(id, workload string) (control.ProfileDetails, error) {
	d := control.ProfileDetails{Incidents: []control.Incident{}}
	found := k.core.profiles.Find(workload, func(p *profile.Profile) {
		d.Profile = describeProfile(p)
		stats, census, w := p.Stats(), p.Census(), beside(p)
		d.BytesMax, d.ProcessStarts, d.ClockJumps = k.core.config.Limits.ProfileBytesMax, stats.Starts, stats.ClockJumps
		d.NodesKnown, d.NodesMarked, d.NodesForbidden = census.Known, census.Marked, census.Forbidden
		d.Surprising = w.Tracker.Stats().Surprising
		for _, s := range w.book.Stories() {
			d.Incidents = append(d.Incidents, describeIncident(p, s))
		}
	})
	if !found {
		return d, control.NoProfile(id)
	}
	slices.SortFunc(d.Incidents, func(a, b control.Incident) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID)) })
	return d, nil
}

// ResetProfile implements control.Detection.
func (k *controller) ResetProfile(ctx context.Context, by controlapi.Caller, id string) error {
	workload := k.workloadOf(id)
	var before control.Profile
	k.core.profiles.Find(workload, func(p *profile.Profile) { before = describeProfile(p) })
	if !k.core.profiles.Reset(workload) {
		return control.NoProfile(id)
	}
	limited, cancel := sending(ctx)
	defer cancel()
	k.core.send(limited, k.core.takeLate())
	k.changed(ctx, controlapi.Change{Caller: by, Action: "reset", Subject: "profile/" + workload, From: asJSON(summaryOf(&before))})
	return nil
}

// summaryOf is what an event of a change has of a profile.
func summaryOf(p *control.Profile) any {
	return map[string]any{"state": p.State, "events": p.Events, "nodes": p.Nodes}
}

// ExportProfile implements control.Detection.
func (k *controller) ExportProfile(id string) ([]byte, error) {
	data, found := k.core.exportProfile(k.workloadOf(id))
	if !found {
		return nil, control.NoProfile(id)
	}
	return data, nil
}

// ImportBytesMax implements control.Detection. An exported profile is smaller than one in memory, but for its head.
func (k *controller) ImportBytesMax() int64 {
	return int64(k.core.config.Limits.ProfileBytesMax) + importHeadBytesMax
}

// ImportProfile implements control.Detection.
func (k *controller) ImportProfile(ctx context.Context, by controlapi.Caller, workload string, data []byte) (control.ProfileDetails, error) {
	from, err := profile.WorkloadOf(data)
	if workload == "" {
		workload = from
	}
	var before any
	if err == nil {
		k.core.profiles.Find(workload, func(p *profile.Profile) {
			described := describeProfile(p)
			before = summaryOf(&described)
		})
		err = k.core.importProfileFor(workload, data)
	}
	switch {
	case errors.Is(err, profile.ErrVersion):
		return control.ProfileDetails{}, control.OtherVersion(err)
	case errors.Is(err, profile.ErrDamaged):
		return control.ProfileDetails{}, control.Damaged(err)
	case err != nil:
		return control.ProfileDetails{}, controlapi.Invalid(err.Error())
	}
	details, err := k.detailsOf(addressOfText(workload), workload)
	if err != nil {
		return details, err // forgotten again at once: there is no room for it
	}
	k.changed(ctx, controlapi.Change{
		Caller: by, Action: "import", Subject: "profile/" + workload, From: asJSON(before), To: asJSON(summaryOf(&details.Profile)),
	})
	return details, nil
}
