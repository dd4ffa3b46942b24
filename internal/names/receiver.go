// SPDX-License-Identifier: Apache-2.0

package names

// Attributes of the receiver's metrics about itself.
const (
	Tracer  = "tracer"
	Kind    = "event"
	Outcome = "outcome"
	Stage   = "stage"
	State   = "state"
	Program = "program"
	Reason  = "reason"
)

// The receiver's metrics about itself.

// ReceiverEvents counts events by what became of them.
func ReceiverEvents() Metric {
	return Metric{"otelcol.ebpf.events", "{event}", "Events by outcome: offered = delivered + filtered + aggregated + lost."}
}

// ReceiverEventsLost counts events that were lost, by stage.
func ReceiverEventsLost() Metric {
	return Metric{"otelcol.ebpf.events.lost", "{event}", "Events lost, by stage: ring (buffer full), map (full), decode, queue (pipeline too slow), pipeline (refused)."}
}

// ReceiverEventsInFlight is what was offered and has not arrived anywhere yet.
func ReceiverEventsInFlight() Metric {
	return Metric{"otelcol.ebpf.events.in_flight", "{event}", "Events on their way from the kernel to the pipeline. Zero when nothing happens; anything else then is an uncounted loss."}
}

// ReceiverEventsTruncated counts delivered events that lack a part.
func ReceiverEventsTruncated() Metric {
	return Metric{"otelcol.ebpf.events.truncated", "{event}", "Events with a part that was longer than its limit."}
}

// ReceiverEventsNotDeduplicated counts events that may repeat an earlier one.
func ReceiverEventsNotDeduplicated() Metric {
	return Metric{"otelcol.ebpf.events.not_deduplicated", "{event}", "Events that may repeat an earlier one, because there was no room to remember that."}
}

// ReceiverRecordsUnknown counts records of which not even the kind can be told.
func ReceiverRecordsUnknown() Metric {
	return Metric{"otelcol.ebpf.records.unknown", "{record}", "Ring buffer records that are of no known kind."}
}

// ReceiverEventsUnidentified counts events whose process is not known well.
func ReceiverEventsUnidentified() Metric {
	return Metric{"otelcol.ebpf.events.unidentified", "{event}", "Events delivered without a certain executable: stale (an exec was not seen) or missing."}
}

// ReceiverProgramRuns counts runs of BPF programs.
func ReceiverProgramRuns() Metric {
	return Metric{"otelcol.ebpf.program.runs", "{run}", "Runs of a BPF program, while program_statistics is on."}
}

// ReceiverProgramTime is the time spent in BPF programs.
func ReceiverProgramTime() Metric {
	return Metric{"otelcol.ebpf.program.run_time", "s", "Time spent in a BPF program, while program_statistics is on."}
}

// ReceiverProgramMissed counts runs that the kernel left out.
func ReceiverProgramMissed() Metric {
	return Metric{"otelcol.ebpf.program.missed", "{run}", "Runs that the kernel left out because the program was running on that processor already."}
}

// ReceiverTracerState is 1 for the state that a tracer is in.
func ReceiverTracerState() Metric {
	return Metric{"otelcol.ebpf.tracer.state", "{tracer}", "1 for the state that a tracer is in."}
}

// ReceiverRingWaiting is the fill of a ring buffer.
func ReceiverRingWaiting() Metric {
	return Metric{"otelcol.ebpf.ring.waiting", "By", "Bytes that wait in a tracer's ring buffer."}
}

// ReceiverRingSize is the size of a ring buffer.
func ReceiverRingSize() Metric {
	return Metric{"otelcol.ebpf.ring.size", "By", "Size of a tracer's ring buffer."}
}

// ReceiverMapBytes is the memory of a tracer's maps.
func ReceiverMapBytes() Metric {
	return Metric{"otelcol.ebpf.maps.memory", "By", "Kernel memory of a tracer's maps, ring buffer included."}
}

// ReceiverProcesses is the size of the process table.
func ReceiverProcesses() Metric {
	return Metric{"otelcol.ebpf.processes", "{process}", "Processes in the table, those that exited a short while ago included."}
}

// ReceiverProcessesEvicted counts processes that were forgotten for lack of room.
func ReceiverProcessesEvicted() Metric {
	return Metric{"otelcol.ebpf.processes.evicted", "{process}", "Processes forgotten for lack of room, by state."}
}

// ReceiverWorkloads is the number of cgroups that are known.
func ReceiverWorkloads() Metric {
	return Metric{"otelcol.ebpf.workloads", "{workload}", "Cgroups that are known by path."}
}

// ReceiverWorkloadsUnknown counts cgroups that could not be named.
func ReceiverWorkloadsUnknown() Metric {
	return Metric{"otelcol.ebpf.workloads.unknown", "{event}", "Look-ups of cgroups without a name (not_seen) and cgroups refused for lack of room (no_room)."}
}

// ReceiverMetrics describes all metrics of the receiver about itself.
func ReceiverMetrics() []Metric {
	return []Metric{
		ReceiverEvents(),
		ReceiverEventsLost(),
		ReceiverEventsInFlight(),
		ReceiverEventsTruncated(),
		ReceiverEventsNotDeduplicated(),
		ReceiverRecordsUnknown(),
		ReceiverEventsUnidentified(),
		ReceiverProgramRuns(),
		ReceiverProgramTime(),
		ReceiverProgramMissed(),
		ReceiverTracerState(),
		ReceiverRingWaiting(),
		ReceiverRingSize(),
		ReceiverMapBytes(),
		ReceiverProcesses(),
		ReceiverProcessesEvicted(),
		ReceiverWorkloads(),
		ReceiverWorkloadsUnknown(),
	}
}
