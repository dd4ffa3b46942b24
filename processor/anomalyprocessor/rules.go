// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/record"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/rules"
)

// ruleset is the rules in use, with how often each matched and which are switched off. Only the last two change.
type ruleset struct {
	set    *sigma.Set
	filler *record.Filler
	report sigma.Report
	// hits are those of the rulebook, which outlive the set; off has a truth for each rule.
	hits []*atomic.Uint64
	off  []atomic.Bool
	// loaded is when the rules were read.
	loaded time.Time
}

// newRuleset reads the rules of the sources.
func newRuleset(sources ...sigma.Source) *ruleset {
	r := &ruleset{}
	r.set, r.report = sigma.Load(sources...)
	r.filler = record.NewFiller(r.set)
	r.hits, r.off = make([]*atomic.Uint64, r.set.Len()), make([]atomic.Bool, r.set.Len())
	for number := range r.hits {
		r.hits[number] = new(atomic.Uint64)
	}
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
