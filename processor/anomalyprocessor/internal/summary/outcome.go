// SPDX-License-Identifier: Apache-2.0

package summary

// Outcome is what became of a request.
type Outcome int

// Outcomes. Those before Malformed say something about the endpoint, those from there on about what the model wrote.
const (
	// Written is a summary that is used, Outdated one of an incident that has changed since.
	Written Outcome = iota
	Outdated
	// Cancelled requests were under way when the collector ended.
	Cancelled
	// Unreachable are endpoints that don't take a request or break off, Untrusted those whose certificate is not accepted.
	Unreachable
	Untrusted
	TimedOut
	// Redirected requests are not sent on: whoever redirects must not learn the key and the facts.
	Redirected
	// Unauthorized, Throttled, Failed (5xx) and Refused (any other) are by the status.
	Unauthorized
	Throttled
	Failed
	Refused
	// TooLarge responses are longer than is read, Malformed ones are not what an endpoint answers.
	TooLarge
	Malformed
	// Declined answers were not given by the model, Truncated ones not to the end.
	Declined
	Truncated
	// WrongSchema answers are not the JSON that was asked for, or too long or too short in one of their parts.
	WrongSchema
	// UnknownStep answers speak of steps that there are not.
	UnknownStep
	// UnsafeText answers have markup, addresses or invisible characters in them, Echo answers the instructions.
	UnsafeText
	Echo
	// Outcomes is how many there are.
	Outcomes
)

// String returns the name of an outcome in metrics.
func (o Outcome) String() string {
	return [Outcomes]string{
		"written", "outdated", "cancelled", "unreachable", "untrusted", "timed_out", "redirected", "unauthorized", "throttled", "failed", "refused",
		"too_large", "malformed", "declined", "truncated", "wrong_schema", "unknown_step", "unsafe_text", "echo",
	}[o]
}

// again tells whether the same may go well later.
func (o Outcome) again() bool {
	switch o {
	case Unreachable, Untrusted, TimedOut, Throttled, Failed:
		return true
	}
	return false
}

// ofEndpoint tells whether the endpoint is to be left alone for a while.
func (o Outcome) ofEndpoint() bool { return o >= Unreachable && o <= Malformed }

// Drop is why an incident that waited was not summarised.
type Drop int

// Drops.
const (
	// QueueFull dropped what waited for the longest time, TooOld what waited too long, Attempts what failed too often, NoRoom what is larger than
	// a request, Ended what waited when the collector ended.
	QueueFull Drop = iota
	TooOld
	Attempts
	NoRoom
	Ended
	// Drops is how many there are.
	Drops
)

// String returns the name of a drop in metrics.
func (d Drop) String() string {
	return [Drops]string{"queue_full", "too_old", "attempts", "no_room", "ended"}[d]
}
