// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// place is where an incident is in the list: those that were opened last come first.
type place struct {
	opened       time.Time
	id, workload string
}

func (a place) compare(b place) int {
	return cmp.Or(b.opened.Compare(a.opened), cmp.Compare(a.id, b.id))
}

// String is what a place is called in queries.
func (a place) String() string { return strconv.FormatInt(a.opened.UnixNano(), 10) + "-" + a.id }

func parsePlace(text string) (place, bool) {
	digits, id, found := strings.Cut(text, "-")
	nanoseconds, err := strconv.ParseInt(digits, 10, 64)
	return place{opened: time.Unix(0, nanoseconds), id: id}, found && err == nil
}

// Incidents implements control.Detection.
func (k *controller) Incidents(page control.Page) (control.Incidents, error) {
	list := control.Incidents{Incidents: []control.Incident{}}
	after, ok := parsePlace(page.After)
	if page.After != "" && !ok {
		return list, control.BadPage(page.After)
	}
	places := k.places(page, func(a place) bool { return page.After == "" || a.compare(after) > 0 })
	for at, a := range places {
		if at == page.Limit {
			list.Next = places[at-1].String()
			break
		}
		k.story(a.workload, a.id, func(p *profile.Profile, s *story.Story) {
			list.Incidents = append(list.Incidents, describeIncident(p, s))
		})
	}
	return list, nil
}

// places returns the first incidents of a page, and one more if there is one. It keeps few at a time, however many there are.
func (k *controller) places(page control.Page, wanted func(place) bool) []place {
	var all []place
	shorten := func() {
		slices.SortFunc(all, place.compare)
		all = all[:min(len(all), page.Limit+1)]
	}
	k.core.profiles.Each(func(p *profile.Profile) {
		if page.Workload != "" && page.Workload != p.Workload() {
			return
		}
		for _, s := range beside(p).book.Stories() {
			a := place{s.Opened(), s.ID, p.Workload()}
			if !wanted(a) || page.State != "" && page.State != openOrClosed(s) || page.Severity != "" && page.Severity != severityWord(p, s) {
				continue
			}
			if all = append(all, a); len(all) > 2*page.Limit {
				shorten()
			}
		}
	})
	shorten()
	return all
}

func openOrClosed(s *story.Story) string {
	if s.Closed() {
		return "closed"
	}
	return "open"
}

func severityWord(p *profile.Profile, s *story.Story) string {
	return severityNames[severityOf(s.Score(), p.State())]
}

// story calls with an incident and its profile, which are owned for that time, and tells whether there is one.
func (k *controller) story(workload, id string, call func(*profile.Profile, *story.Story)) bool {
	found := false
	k.core.profiles.Find(workload, func(p *profile.Profile) {
		stories := beside(p).book.Stories()
		if at := slices.IndexFunc(stories, func(s *story.Story) bool { return s.ID == id }); at >= 0 {
			found = true
			call(p, stories[at])
		}
	})
	return found
}

// workloadOfIncident finds where an incident is, empty if nowhere.
func (k *controller) workloadOfIncident(id string) string {
	workload := ""
	k.core.profiles.Each(func(p *profile.Profile) {
		if slices.ContainsFunc(beside(p).book.Stories(), func(s *story.Story) bool { return s.ID == id }) {
			workload = p.Workload()
		}
	})
	return workload
}

// describeIncident is for the owner of the profile.
func describeIncident(p *profile.Profile, s *story.Story) control.Incident {
	steps, more := s.Steps()
	return control.Incident{
		ID: s.ID, Workload: p.Workload(), ProfileID: addressOfText(p.Workload()), State: openOrClosed(s), Severity: severityWord(p, s),
		Score: s.Score(), Opened: s.Opened().UTC(), Last: s.Last().UTC(), Steps: len(steps) + int(more), Events: s.Facts().Events, Merged: s.Merged(),
		Verdict: describeVerdict(s.Verdict()),
	}
}

func describeVerdict(v story.Verdict) *control.Verdict {
	if v.Kind == "" {
		return nil
	}
	return &control.Verdict{Verdict: v.Kind, Comment: v.Comment, By: v.By, At: v.At.UTC()}
}

// details has what the log record of an incident has. It is for the owner of the profile.
func (k *controller) details(p *profile.Profile, s *story.Story) control.IncidentDetails {
	resource := k.core.write(p, s, s.State(), k.core.now(), k.core.summaries.show).ResourceLogs().At(0)
	log := resource.ScopeLogs().At(0).LogRecords().At(0)
	return control.IncidentDetails{
		Incident: describeIncident(p, s), Body: log.Body().Str(), Resource: resource.Resource().Attributes().AsRaw(), Attributes: log.Attributes().AsRaw(),
	}
}

// Incident implements control.Detection.
func (k *controller) Incident(id string) (control.IncidentDetails, error) {
	var d control.IncidentDetails
	if !k.story(k.workloadOfIncident(id), id, func(p *profile.Profile, s *story.Story) { d = k.details(p, s) }) {
		return d, control.NoIncident(id)
	}
	return d, nil
}

// Judge implements control.Detection. What a person says is told at once, also of an incident that is closed already.
func (k *controller) Judge(ctx context.Context, by controlapi.Caller, id string, j control.Judgement) (control.IncidentDetails, error) {
	verdict := story.Verdict{Kind: story.Malicious, Comment: j.Comment, By: by.Name, At: k.core.now()}
	if j.Benign {
		verdict.Kind = story.Benign
	}
	var d control.IncidentDetails
	var before story.Verdict
	var reports []report
	part := ""
	found := k.story(k.workloadOfIncident(id), id, func(p *profile.Profile, s *story.Story) {
		if part = s.PartOf; part != "" {
			return
		}
		before = s.Verdict()
		behaviours, excuses := s.Keys()
		if j.Benign {
			p.Accept(behaviours...)
			p.Accept(excuses...)
		} else {
			p.Forbid(behaviours...)
			p.Revoke(excuses...)
		}
		w := beside(p)
		w.book.Judge(s, verdict, j.Close, w.Tracker)
		reports = append(reports, k.core.tell(p, s, k.core.now()))
		d = k.details(p, s)
	})
	if !found {
		return d, control.NoIncident(id)
	}
	if part != "" {
		return d, control.Part(part)
	}
	counter := &k.core.feedback.malicious
	if j.Benign {
		counter = &k.core.feedback.benign
	}
	counter.Add(1)
	limited, cancel := sending(ctx)
	defer cancel()
	k.core.send(limited, reports)
	k.changed(ctx, controlapi.Change{Caller: by, Action: "judge", Subject: "incident/" + id, From: verdictJSON(before), To: verdictJSON(verdict)})
	return d, nil
}

func verdictJSON(v story.Verdict) string {
	if described := describeVerdict(v); described != nil {
		return asJSON(described)
	}
	return ""
}
