// SPDX-License-Identifier: Apache-2.0

package names

// EventReceiverLoss tells that events were lost on a host. Metrics tell it too, and more of it; this is for whoever sees logs only.
const EventReceiverLoss = "meerkat.receiver.loss"

// Attributes of losses.
const (
	ReceiverLossTracer   = "meerkat.receiver.loss.tracer"
	ReceiverLossOffered  = "meerkat.receiver.loss.offered"
	ReceiverLossLost     = "meerkat.receiver.loss.lost"
	ReceiverLossStages   = "meerkat.receiver.loss.stages"
	ReceiverLossInterval = "meerkat.receiver.loss.interval"
)

// ReceiverEventRecords describes the events of the receiver about itself.
func ReceiverEventRecords() []Event {
	return []Event{
		{EventReceiverLoss, "Events of a tracer were lost. At most one for each tracer and minute, and none while nothing is lost.", []string{
			ReceiverLossTracer, ReceiverLossOffered, ReceiverLossLost, ReceiverLossStages, ReceiverLossInterval,
		}},
	}
}

// ReceiverEventAttributes describes the attributes of the receiver's events about itself.
func ReceiverEventAttributes() []Attribute {
	return []Attribute{
		{ReceiverLossTracer, String, "Name of the tracer."},
		{ReceiverLossOffered, Int, "How many of its events there were in the interval, those that were filtered or aggregated included; at least as many as were lost, some of which may be from before."},
		{ReceiverLossLost, Int, "How many of these were lost. It can be more than were offered, if some were offered earlier."},
		{ReceiverLossStages, StringArray, "Where: `ring`, `map`, `decode`, `queue` or `pipeline`, in the order of the alphabet."},
		{ReceiverLossInterval, Double, "Seconds that it is about, up to the time of the event."},
	}
}
