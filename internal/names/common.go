// SPDX-License-Identifier: Apache-2.0

package names

// Resource attributes: the workload, and the host that it runs on.
const (
	HostName             = "host.name"
	HostID               = "host.id"
	HostArch             = "host.arch"
	OSType               = "os.type"
	ContainerID          = "container.id"
	ContainerRuntimeName = "container.runtime.name"
	K8sPodUID            = "k8s.pod.uid"
	CgroupPath           = "meerkat.cgroup.path"
	CgroupID             = "meerkat.cgroup.id"
)

// Attributes that every event may have.
const (
	ProcessPID                = "process.pid"
	ProcessCreationTime       = "process.creation.time"
	ProcessParentPID          = "process.parent_pid"
	ProcessExecutablePath     = "process.executable.path"
	ProcessExecutableName     = "process.executable.name"
	ProcessUserID             = "process.user.id"
	ProcessParentCreationTime = "meerkat.process.parent.creation.time"
	ThreadID                  = "thread.id"
	ThreadName                = "thread.name"
	IdentityStatus            = "meerkat.identity.status"
	RepeatCount               = "meerkat.event.repeat_count"
	ErrorType                 = "error.type"
	LogRecordUID              = "log.record.uid"
)

// EventNameAttribute repeats the name of an event, for what keeps attributes alone, if it is asked for.
const EventNameAttribute = "event.name"

// EventName is the event that a metric is about.
const EventName = "meerkat.event.name"

// EventsHeldBack counts what the rate limit has kept in the kernel.
func EventsHeldBack() Metric {
	return Metric{"meerkat.events.held_back", "{event}", "Events beyond `filters.events_per_second_max`, which stayed in the kernel.", []string{EventName}}
}

// WorkloadMetrics describes the metrics per workload that are of no tracer in particular.
func WorkloadMetrics() []Metric { return []Metric{EventsHeldBack()} }

// MetricOverflow marks the data point that takes what did not fit under the bound on series.
const MetricOverflow = "otel.metric.overflow"

// ResourceAttributes describes the attributes of the resource.
func ResourceAttributes() []Attribute {
	return []Attribute{
		{HostName, String, "Name of the host, as the kernel has it; of a node of Kubernetes, what the variable `K8S_NODE_NAME` says, where it is set."},
		{HostID, String, "The host's machine id."},
		{HostArch, String, "Processor architecture, in the convention's terms."},
		{OSType, String, "Always `linux`."},
		{ContainerID, String, "Id of the container, from the cgroup. Absent outside containers."},
		{ContainerRuntimeName, String, "Runtime that made the container, where the cgroup or the runtime's state tells."},
		{K8sPodUID, String, "UID of the Kubernetes pod, from the cgroup. Absent outside Kubernetes."},
		{CgroupPath, String, "Path of the cgroup in its hierarchy."},
		{CgroupID, Int, "Id of the cgroup in the kernel, while its path is not known."},
	}
}

// EventAttributes describes the attributes that every event may have.
func EventAttributes() []Attribute {
	return []Attribute{
		{ProcessPID, Int, "Pid in the initial pid namespace."},
		{ProcessCreationTime, String, "When the process was created, RFC 3339 with nanoseconds. With the pid it identifies the process."},
		{ProcessParentPID, Int, "Pid of the parent at the time of the last exec or fork that was seen."},
		{ProcessParentCreationTime, String, "When the parent was created. With its pid it identifies the parent."},
		{ProcessExecutablePath, String, "Path of the executable as seen from its own root directory. Absent if it is not known."},
		{ProcessExecutableName, String, "Last element of the path."},
		{ProcessUserID, Int, "Effective user id, in the initial user namespace."},
		{ThreadID, Int, "Id of the thread, if it is not the process's first one."},
		{ThreadName, String, "Name of the thread (`comm`), if it is not that of the executable."},
		{IdentityStatus, String, "Present when the executable may be wrong: `stale` if the newest exec of the process was not seen, `missing` if nothing was."},
		{RepeatCount, Int, "How often the same thing happened again since the event that reported it first."},
		{ErrorType, String, "Name of the error (`ENOENT`, `ECONNREFUSED`) when the operation failed."},
		{EventNameAttribute, String, "The name of the event once more, if `event_name_attribute` asks for it: for back ends that keep nothing but attributes."},
		{LogRecordUID, String, "Tells the record from all others: a ULID, which begins with the time of the event, so that ids of a host are nearly in its order. Incidents name their evidence by it."},
	}
}

// MetricAttributes describes the attributes of the counts per workload.
func MetricAttributes() []Attribute {
	return []Attribute{
		{FileOperation, String, "`open` (for writing), `create`, `rename`, `delete`, `link`, `mode_change` or `owner_change`."},
		{IPCOperation, String, "`get`, `attach`, `remove`, `open`, `create` or `connect`."},
		{SocketOperation, String, "`create`, `bind` or `listen`."},
		{InjectionTechnique, String, "Last part of an event's name: `process_access`, `memory_file`, `fileless_exec`, `executable_memory`, `loader_change`, `kernel_code` or `io_uring`."},
		{NetworkIODirection, String, "`transmit` or `receive`, as the process sees it."},
		{EventName, String, "Name of the events that were held back."},
		{PrivilegeEvent, String, "What was done, as the last part of the event's name: `user_change`, `capability_use` and so on."},
		{MountEvent, String, "What was done, as the last part of the event's name: `mount`, `unmount`, `change`, `move` or `configure`."},
		{MetricOverflow, Bool, "True for the one series that counts all workloads beyond the bound; its resource is the host. Absent otherwise."},
	}
}
