// SPDX-License-Identifier: Apache-2.0

package watch

// Rule says that metrics are scored.
type Rule struct {
	// Fits tells whether a metric is meant, by its name.
	Fits func(name string) bool
	// Attributes tell series of a workload apart, of the data point or else of the resource. If there are none, all attributes of the data point
	// and the instance do.
	Attributes []string
	// ScoreMin is from where on a point is an anomaly.
	ScoreMin float64
	// Raise is handed on with anomalies.
	Raise bool
}

// ruleFor returns the first rule that a metric fits, or nil.
func (w *Watcher) ruleFor(name string) *Rule {
	for at := range w.rules {
		if w.rules[at].Fits(name) {
			return &w.rules[at]
		}
	}
	return nil
}
