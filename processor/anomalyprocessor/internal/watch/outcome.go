// SPDX-License-Identifier: Apache-2.0

package watch

// Outcome is what became of a data point.
type Outcome uint8

// Outcomes.
const (
	Scored Outcome = iota
	// NoRate is for points of counters that have none before to compare with.
	NoRate
	Late
	// Stale points say that there is no value.
	Stale
	Unreadable
	Unsupported
	Unresolved
	// Refused points are of series that have no room.
	Refused
	// Outcomes is how many there are.
	Outcomes
)

var outcomeNames = [Outcomes]string{
	Scored: "scored", NoRate: "no_rate", Late: "late", Stale: "stale", Unreadable: "unreadable", Unsupported: "unsupported",
	Unresolved: "unresolved", Refused: "refused",
}

// String returns the name of the outcome, as it leaves Meerkat.
func (o Outcome) String() string { return outcomeNames[o] }

// Quantity is what of a metric is judged.
type Quantity uint8

// Quantities.
const (
	Value Quantity = iota
	Rate
	CountRate
	Mean
)

var quantityNames = [...]string{Value: "value", Rate: "rate", CountRate: "count_rate", Mean: "mean"}

// String returns the name of the quantity, as it leaves Meerkat.
func (q Quantity) String() string { return quantityNames[q] }
