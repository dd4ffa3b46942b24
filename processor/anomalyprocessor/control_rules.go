// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"errors"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
)

// Rules implements control.Detection.
func (k *controller) Rules(page control.Page) (control.Rules, error) {
	set := k.core.rules.current.Load()
	list := control.Rules{Loaded: describeLoaded(set), List: []control.Rule{}, Refusal: []control.RefusedRule{}}
	begin := 0
	if page.After != "" {
		if begin = set.number(page.After) + 1; begin == 0 {
			return list, control.BadPage(page.After)
		}
	} else {
		list.Refusal = describeRefused(set)
	}
	end := min(begin+page.Limit, set.set.Len())
	for number := begin; number < end; number++ {
		list.List = append(list.List, k.describeRule(set, number))
	}
	if end < set.set.Len() {
		list.Next = list.List[len(list.List)-1].ID
	}
	return list, nil
}

func describeLoaded(r *ruleset) control.Loaded {
	return control.Loaded{At: r.loaded.UTC(), Files: r.report.Files, Rules: r.set.Len(), Refused: len(r.report.Refused)}
}

func describeRefused(r *ruleset) []control.RefusedRule {
	all := []control.RefusedRule{}
	for _, one := range r.report.Refused[:min(len(r.report.Refused), refusedShownMax)] {
		all = append(all, control.RefusedRule{
			Source: one.Source, File: one.File, Line: one.Line, Title: one.Title, Cause: one.Cause.String(), Reason: one.Reason,
		})
	}
	return all
}

func (k *controller) describeRule(r *ruleset, number int) control.Rule {
	rule := r.set.Rule(number)
	d := control.Rule{
		ID: addressOf(rule), Title: rule.Title, Source: rule.Source, File: rule.File, Level: rule.Level.String(), Category: rule.Category.String(),
		Enabled: !r.off[number].Load(), EnabledFrom: "configuration", Hits: r.hits[number].Load(),
	}
	if k.core.rules.overridden(rule) {
		d.EnabledFrom = "override"
	}
	return d
}

// ChangeRule implements control.Detection.
func (k *controller) ChangeRule(ctx context.Context, by controlapi.Caller, id string, enabled *bool) (control.Rule, error) {
	set, before, after, err := k.core.rules.change(id, enabled)
	switch {
	case errors.Is(err, errNoRule):
		return control.Rule{}, control.NoRule(id)
	case err != nil:
		k.core.feedback.unswitched.Add(1)
		return control.Rule{}, control.NoRoom(err)
	}
	if before != after {
		action := map[bool]string{true: "enable", false: "disable"}[after]
		k.changed(ctx, controlapi.Change{
			Caller: by, Action: action, Subject: "rule/" + id, From: asJSON(map[string]bool{"enabled": before}), To: asJSON(map[string]bool{"enabled": after}),
		})
	}
	return k.describeRule(set, set.number(id)), nil
}

// ReloadRules implements control.Detection.
func (k *controller) ReloadRules(ctx context.Context, by controlapi.Caller) (control.Loaded, error) {
	before, after, err := k.core.rules.reload()
	if err != nil {
		return control.Loaded{}, control.RulesKept(err)
	}
	k.changed(ctx, controlapi.Change{
		Caller: by, Action: "reload", Subject: "rules", From: asJSON(describeLoaded(before)), To: asJSON(describeLoaded(after)),
	})
	return describeLoaded(after), nil
}
