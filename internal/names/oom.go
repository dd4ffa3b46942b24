// SPDX-License-Identifier: Apache-2.0

package names

// EventOOMKill is the event of the tracer "oom".
const EventOOMKill = "meerkat.oom.kill"

// Attributes and metrics of processes that are killed because memory has run out.
const (
	OOMConstraint            = "meerkat.oom.constraint"
	OOMScoreAdjustment       = "meerkat.oom.score_adjustment"
	OOMMemoryAnonymous       = "meerkat.oom.memory.anonymous"
	OOMMemoryFile            = "meerkat.oom.memory.file"
	OOMMemoryShared          = "meerkat.oom.memory.shared"
	OOMMemorySwap            = "meerkat.oom.memory.swap"
	OOMMemoryPageTables      = "meerkat.oom.memory.page_tables"
	OOMMemoryVirtual         = "meerkat.oom.memory.virtual"
	OOMCgroupPath            = "meerkat.oom.cgroup.path"
	OOMCgroupID              = "meerkat.oom.cgroup.id"
	OOMCgroupLimit           = "meerkat.oom.cgroup.limit"
	OOMCgroupUsage           = "meerkat.oom.cgroup.usage"
	OOMTriggerPID            = "meerkat.oom.trigger.pid"
	OOMTriggerCreationTime   = "meerkat.oom.trigger.creation.time"
	OOMTriggerExecutablePath = "meerkat.oom.trigger.executable.path"
	OOMTriggerExecutableName = "meerkat.oom.trigger.executable.name"
	OOMTriggerThreadName     = "meerkat.oom.trigger.thread.name"
	OOMTriggerUserID         = "meerkat.oom.trigger.user.id"
	OOMTriggerCgroupPath     = "meerkat.oom.trigger.cgroup.path"
	OOMTriggerCgroupID       = "meerkat.oom.trigger.cgroup.id"
	OOMTriggerContainerID    = "meerkat.oom.trigger.container.id"

	MetricOOMKills = "meerkat.oom.kills"
)

// OOMEvents describes the events of the tracer "oom".
func OOMEvents() []Event {
	return []Event{{EventOOMKill, "The kernel kills a process because memory has run out. Process and resource are the victim's.", []string{
		OOMConstraint, OOMScoreAdjustment, OOMMemoryAnonymous, OOMMemoryFile, OOMMemoryShared, OOMMemorySwap, OOMMemoryPageTables,
		OOMMemoryVirtual, OOMCgroupPath, OOMCgroupID, OOMCgroupLimit, OOMCgroupUsage,
		OOMTriggerPID, OOMTriggerCreationTime, OOMTriggerExecutablePath, OOMTriggerExecutableName, OOMTriggerThreadName,
		OOMTriggerUserID, OOMTriggerCgroupPath, OOMTriggerCgroupID, OOMTriggerContainerID,
	}}}
}

// OOMAttributes describes the attributes of processes that are killed because memory has run out.
func OOMAttributes() []Attribute {
	return []Attribute{
		{OOMConstraint, String, "What has run out: `memory_cgroup` for what a cgroup may use, `global` for the machine's memory or the part of it that a cpuset or a memory policy allows, `unknown` if the cgroups are nested too deep to tell."},
		{OOMScoreAdjustment, Int, "The victim's oom_score_adj, from -1000 to 1000."},
		{OOMMemoryAnonymous, Int, "Bytes of the victim's resident memory that no file stands behind."},
		{OOMMemoryFile, Int, "Bytes of its resident memory that are of files."},
		{OOMMemoryShared, Int, "Bytes of its resident memory that are shared, of tmpfs for instance."},
		{OOMMemorySwap, Int, "Bytes of it that are swapped out."},
		{OOMMemoryPageTables, Int, "Bytes of page tables for it."},
		{OOMMemoryVirtual, Int, "Bytes of address space."},
		{OOMCgroupPath, String, "Path of the memory cgroup that has reached its limit: the victim's or one above it."},
		{OOMCgroupID, Int, "Id of that cgroup in the kernel, while its path is not known."},
		{OOMCgroupLimit, Int, "Bytes that it may use."},
		{OOMCgroupUsage, Int, "Bytes that it uses, page cache and kernel memory included."},
		{OOMTriggerPID, Int, "Pid of the process that asked for memory when there was none, in the initial pid namespace. It may be the victim itself."},
		{OOMTriggerCreationTime, String, "When that process was created."},
		{OOMTriggerExecutablePath, String, "Its executable as seen from its own root directory, if it is known."},
		{OOMTriggerExecutableName, String, "Last element of that path."},
		{OOMTriggerThreadName, String, "Name of its thread (`comm`), if it is not that of the executable."},
		{OOMTriggerUserID, Int, "Its effective user id, in the initial user namespace."},
		{OOMTriggerCgroupPath, String, "Path of its cgroup, if it is not that of the victim."},
		{OOMTriggerCgroupID, Int, "Id of that cgroup in the kernel, while its path is not known."},
		{OOMTriggerContainerID, String, "Id of its container, if it is in another cgroup that is a container's."},
	}
}

// OOMKills counts processes that were killed because memory had run out.
func OOMKills() Metric {
	return Metric{MetricOOMKills, "{process}", "Processes that were killed because memory had run out.", nil}
}

// OOMMetrics describes the counts per workload of the tracer "oom".
func OOMMetrics() []Metric { return []Metric{OOMKills()} }
