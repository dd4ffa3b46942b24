// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"os"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/rules"
)

// ruleset is the rules in use, with how often each matched.
type ruleset struct {
	set    *sigma.Set
	filler *record.Filler
	report sigma.Report
	hits   []atomic.Uint64
}

// newRuleset reads the rules of the sources.
func newRuleset(sources ...sigma.Source) *ruleset {
	r := &ruleset{}
	r.set, r.report = sigma.Load(sources...)
	r.filler = record.NewFiller(r.set)
	r.hits = make([]atomic.Uint64, r.set.Len())
	return r
}

// sources are those that the configuration names.
func (c *RulesConfig) sources() []sigma.Source {
	var all []sigma.Source
	if c.Builtin {
		all = append(all, sigma.Source{Name: "built-in", Files: rules.Files})
	}
	for _, folder := range c.Folders {
		all = append(all, sigma.Source{Name: folder, Files: os.DirFS(folder)})
	}
	return all
}

// log names what is not in use, the first ones one by one. That a rule is about something else is to be expected of published collections.
func (r *ruleset) log(logger *zap.Logger) {
	named := 0
	for _, refused := range r.report.Refused {
		if refused.Cause == sigma.OtherLogSource || named == refusedLogMax {
			continue
		}
		named++
		logger.Warn("A rule is not in use", zap.String("rule", refused.String()))
	}
	logger.Info("Rules are loaded", zap.Int("rules", r.report.Rules), zap.Int("files", r.report.Files), zap.Int("refused", len(r.report.Refused)))
}

// levelBits are what a match of each level adds to the weight of an event. From High on it is an incident by itself.
var levelBits = [...]float64{sigma.Informational: 0, sigma.Low: 1, sigma.Medium: 3, sigma.High: 6, sigma.Critical: 10}

// hintOf returns what matched rules say together: several rules about one thing say little more than one.
func hintOf(matched []*sigma.Rule) incident.Hint {
	var hint incident.Hint
	for _, rule := range matched {
		hint.Bits = max(hint.Bits, levelBits[rule.Level])
		hint.Raise = hint.Raise || rule.Level >= sigma.High
	}
	return hint
}
