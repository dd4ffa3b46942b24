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
	Runtime = "runtime"
)

// ReceiverAttributes describes the attributes of the receiver's metrics about itself.
func ReceiverAttributes() []Attribute {
	return []Attribute{
		{Tracer, String, "Name of the tracer."},
		{Kind, String, "Kind of event: the last part of its name. `repeat`, `cgroup_mkdir` and `cgroup_rmdir` are read like events, but have no name of their own."},
		{Outcome, String, "Of an event `offered`: seen by the kernel half. `delivered`: taken by the pipeline. `filtered`: not wanted. `aggregated`: counted in another event. `held_back`: more than `filters.events_per_second_max`. Of an executable `read`, or `known` from an earlier exec; without a hash: `late` (not read within a second), `rate` (over the limit of files or bytes per second), `no_room`, `too_large`, `gone` (no name leads to it any more, or no permission), `changed` (while it was read), `not_local` (on a network or FUSE file system), `failed`. Of a container `found` (the runtime's state told who it is when its cgroup appeared), `found_later` (when its first program was executed, or its first counts were read), `absent` (there was no state, or it does not list the container), `denied` (no permission to read it), `damaged`, `too_large`, or `doubtful`: a second cgroup has the name of one whose own is there, and is taken for no container's."},
		{Runtime, String, "Runtime of a container: `containerd`, `docker`, `cri-o`, `podman`, or `unknown` where neither the path of the cgroup nor any state tells."},
		{Stage, String, "`ring`: the ring buffer was full. `map`: a map of the kernel half was full. `decode`: the record was damaged. `queue`: the pipeline was too slow. `pipeline`: it refused the batch."},
		{State, String, "Of a tracer `running`, `degraded` (some of its events can't be seen) or `stopped`; of a process that was forgotten `exited` or `alive`."},
		{Program, String, "Name of the BPF program."},
		{Reason, String, "Of an event `stale` (its exec was not seen) or `missing` (nothing is known of the process); of a cgroup `not_seen` or `no_room`; of a message to or from a name server `matched`, `malformed`, `unmatched` (an answer to no question that is known), `split` (part of a longer one) or `evicted` (no room to wait for its answer)."},
	}
}

// ReceiverEvents counts events by what became of them.
func ReceiverEvents() Metric {
	return Metric{"otelcol.ebpf.events", "{event}", "Events by what became of them: offered = delivered + filtered + aggregated + held back + lost.", []string{Tracer, Kind, Outcome}}
}

// ReceiverEventsLost counts events that were lost, by stage.
func ReceiverEventsLost() Metric {
	return Metric{"otelcol.ebpf.events.lost", "{event}", "Events that were lost, by where.", []string{Tracer, Kind, Stage}}
}

// ReceiverEventsKeptInKernel counts events that never left the kernel.
func ReceiverEventsKeptInKernel() Metric {
	return Metric{"otelcol.ebpf.events.kept_in_kernel", "{event}", "Events that were filtered, aggregated or held back in the kernel, and so cost no more than that.", []string{Tracer, Kind}}
}

// ReceiverEventsKernelShare is the share of those in all events.
func ReceiverEventsKernelShare() Metric {
	return Metric{"otelcol.ebpf.events.kernel_share", "%", "Share of the events offered since the start that never left the kernel.", []string{Tracer}}
}

// ReceiverEventsInFlight is what was offered and has not arrived anywhere yet.
func ReceiverEventsInFlight() Metric {
	return Metric{"otelcol.ebpf.events.in_flight", "{event}", "Events on their way from the kernel to the pipeline. Zero when nothing happens; anything else then is an uncounted loss.", []string{Tracer, Kind}}
}

// ReceiverEventsTruncated counts delivered events that lack a part.
func ReceiverEventsTruncated() Metric {
	return Metric{"otelcol.ebpf.events.truncated", "{event}", "Events with a part that was longer than its limit.", []string{Tracer, Kind}}
}

// ReceiverEventsNotDeduplicated counts events that may repeat an earlier one.
func ReceiverEventsNotDeduplicated() Metric {
	return Metric{"otelcol.ebpf.events.not_deduplicated", "{event}", "Events that may repeat an earlier one, because there was no room to remember that.", []string{Tracer, Kind}}
}

// ReceiverRecordsUnknown counts records of which not even the kind can be told.
func ReceiverRecordsUnknown() Metric {
	return Metric{"otelcol.ebpf.records.unknown", "{record}", "Ring buffer records that are of no known kind.", []string{Tracer}}
}

// ReceiverEventsUnidentified counts events whose process is not known well.
func ReceiverEventsUnidentified() Metric {
	return Metric{"otelcol.ebpf.events.unidentified", "{event}", "Events that were delivered without a certain executable.", []string{Tracer, Kind, Reason}}
}

// ReceiverProgramRuns counts runs of BPF programs.
func ReceiverProgramRuns() Metric {
	return Metric{"otelcol.ebpf.program.runs", "{run}", "Runs of a BPF program, while `program_statistics` is on.", []string{Tracer, Program}}
}

// ReceiverProgramTime is the time spent in BPF programs.
func ReceiverProgramTime() Metric {
	return Metric{"otelcol.ebpf.program.run_time", "s", "Time spent in a BPF program, while `program_statistics` is on.", []string{Tracer, Program}}
}

// ReceiverProgramMissed counts runs that the kernel left out.
func ReceiverProgramMissed() Metric {
	return Metric{"otelcol.ebpf.program.missed", "{run}", "Runs that the kernel left out because the program was running on that processor already.", []string{Tracer, Program}}
}

// ReceiverTracerState is 1 for the state that a tracer is in.
func ReceiverTracerState() Metric {
	return Metric{"otelcol.ebpf.tracer.state", "{tracer}", "1 for the state that a tracer is in.", []string{Tracer, State}}
}

// ReceiverTracerAttachTime is how long a tracer took to start.
func ReceiverTracerAttachTime() Metric {
	return Metric{"otelcol.ebpf.tracer.attach_time", "s", "Time that it took to load and attach a tracer.", []string{Tracer}}
}

// ReceiverRingWaiting is the fill of a ring buffer.
func ReceiverRingWaiting() Metric {
	return Metric{"otelcol.ebpf.ring.waiting", "By", "Bytes that wait in a tracer's ring buffer.", []string{Tracer}}
}

// ReceiverRingSize is the size of a ring buffer.
func ReceiverRingSize() Metric {
	return Metric{"otelcol.ebpf.ring.size", "By", "Size of a tracer's ring buffer.", []string{Tracer}}
}

// ReceiverMapBytes is the memory of a tracer's maps.
func ReceiverMapBytes() Metric {
	return Metric{"otelcol.ebpf.maps.memory", "By", "Kernel memory of a tracer's maps, ring buffer included; of those that all use for `shared`.", []string{Tracer}}
}

// ReceiverProcesses is the size of the process table.
func ReceiverProcesses() Metric {
	return Metric{"otelcol.ebpf.processes", "{process}", "Processes in the table, those that exited a short while ago included.", nil}
}

// ReceiverProcessesEvicted counts processes that were forgotten for lack of room.
func ReceiverProcessesEvicted() Metric {
	return Metric{"otelcol.ebpf.processes.evicted", "{process}", "Processes forgotten for lack of room.", []string{State}}
}

// ReceiverWorkloads is the number of cgroups that are known.
func ReceiverWorkloads() Metric {
	return Metric{"otelcol.ebpf.workloads", "{workload}", "Cgroups that are known by path.", nil}
}

// ReceiverWorkloadsUnknown counts cgroups that could not be named.
func ReceiverWorkloadsUnknown() Metric {
	return Metric{"otelcol.ebpf.workloads.unknown", "{event}", "Cgroups that could not be named, each time that one was needed.", []string{Reason}}
}

// ReceiverContainers counts containers by what became of the look for their names.
func ReceiverContainers() Metric {
	return Metric{"otelcol.ebpf.containers", "{container}", "Containers by what became of the look for the state that their runtime keeps on the host.", []string{Runtime, Outcome}}
}

// ReceiverContainerValuesLeftOut counts what was too long or too much to be told of containers.
func ReceiverContainerValuesLeftOut() Metric {
	return Metric{"otelcol.ebpf.containers.values_left_out", "{value}", "Names, tags, digests and labels of containers that are not told, because they are too long or too many.", nil}
}

// ReceiverContainerFilesEvicted counts files about many containers that were forgotten.
func ReceiverContainerFilesEvicted() Metric {
	return Metric{"otelcol.ebpf.containers.files_evicted", "{file}", "Files about many containers or images that were forgotten for lack of room, and are read again.", nil}
}

// ReceiverDNSMessages counts messages of name servers and their clients.
func ReceiverDNSMessages() Metric {
	return Metric{"otelcol.ebpf.dns.messages", "{message}", "Messages to and from name servers, by what became of them.", []string{Reason}}
}

// ReceiverDNSPending is the number of questions that wait for an answer.
func ReceiverDNSPending() Metric {
	return Metric{"otelcol.ebpf.dns.pending", "{query}", "Questions that wait for their answer.", nil}
}

// ReceiverDNSNames is the number of addresses that are remembered with a name.
func ReceiverDNSNames() Metric {
	return Metric{"otelcol.ebpf.dns.names", "{address}", "Addresses that are remembered with the name that a workload found them by.", nil}
}

// ReceiverDNSNamesEvicted counts addresses that were forgotten for lack of room.
func ReceiverDNSNamesEvicted() Metric {
	return Metric{"otelcol.ebpf.dns.names.evicted", "{address}", "Addresses forgotten for lack of room.", nil}
}

// ReceiverExecutables counts exec events by what became of the wish to hash the executable.
func ReceiverExecutables() Metric {
	return Metric{"otelcol.ebpf.executables", "{event}", "Exec events by what became of the executable's hash, while `executable_hash` is on.", []string{Outcome}}
}

// ReceiverCrashCountsForgotten counts executables whose crashes were counted and then were not any more.
func ReceiverCrashCountsForgotten() Metric {
	return Metric{"otelcol.ebpf.crash_counts.forgotten", "{executable}", "Counts of an executable's crashes that were given up within their hour for lack of room.", nil}
}

// ReceiverMetrics describes all metrics of the receiver about itself.
func ReceiverMetrics() []Metric {
	return []Metric{
		ReceiverEvents(),
		ReceiverEventsLost(),
		ReceiverEventsKeptInKernel(),
		ReceiverEventsKernelShare(),
		ReceiverEventsInFlight(),
		ReceiverEventsTruncated(),
		ReceiverEventsNotDeduplicated(),
		ReceiverRecordsUnknown(),
		ReceiverEventsUnidentified(),
		ReceiverProgramRuns(),
		ReceiverProgramTime(),
		ReceiverProgramMissed(),
		ReceiverTracerState(),
		ReceiverTracerAttachTime(),
		ReceiverRingWaiting(),
		ReceiverRingSize(),
		ReceiverMapBytes(),
		ReceiverProcesses(),
		ReceiverProcessesEvicted(),
		ReceiverWorkloads(),
		ReceiverWorkloadsUnknown(),
		ReceiverContainers(),
		ReceiverContainerValuesLeftOut(),
		ReceiverContainerFilesEvicted(),
		ReceiverDNSMessages(),
		ReceiverDNSPending(),
		ReceiverDNSNames(),
		ReceiverDNSNamesEvicted(),
		ReceiverExecutables(),
		ReceiverCrashCountsForgotten(),
	}
}
