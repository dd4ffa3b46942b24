// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import "time"

// Limits of the receiver. What happens when one is hit stands beside it; each has a counter.
const (
	// ringBufferBytesDefault holds about 2,500 exec events, or 10,000 of files or connections. It counts
	// twice in the collector's resident memory, since it is mapped twice. When a ring is full, the kernel drops
	// the event (counter: lost at stage "ring").
	ringBufferBytesDefault = 2 << 20
	// ringBufferBytesMiddle is the default of tracers that keep most of what they see in the kernel.
	ringBufferBytesMiddle = 512 << 10
	// ringBufferBytesRare is the default of tracers whose events are rare.
	ringBufferBytesRare = 256 << 10
	ringBufferBytesMin  = 64 << 10
	ringBufferBytesMax  = 256 << 20

	// ringWakeupBytesMax is how much may wait in a ring before its reader is woken; less in a small
	// ring.
	ringWakeupBytesMax = 64 << 10

	// argumentsBytesMax is what the kernel half has room for. Longer arguments are cut (counter:
	// cut).
	argumentsBytesDefault = 1024
	argumentsBytesMax     = 4096
	// environmentBytesMax is what is searched for the wanted variables.
	environmentBytesMax   = 4096
	environmentKeysMax    = 16
	interpretersMax       = 64
	redactKeysLengthMax   = 1024
	processEntriesDefault = 32768
	processEntriesMin     = 1024
	processEntriesMax     = 1 << 20
	// workloadEntriesMax bounds the cgroups that are known by path. A cgroup beyond it has no
	// container id (counter: refused).
	workloadEntriesMax = 16384

	// containerFoldersMax bounds the folders of each runtime's state, containerFolderBytesMax their paths.
	containerFoldersMax     = 16
	containerFolderBytesMax = 1024

	// unifiedListingPause is how long a cgroup of version 2 may have no name on a host that has both versions.
	unifiedListingPause = time.Second

	// customTracersMax bounds the tracers that somebody else has written, from folders and uploads together. Further
	// ones are refused.
	customTracersMax             = 32
	customProgramsDefault        = 32
	customProgramsMax            = 256
	customObjectBytesDefault     = 2 << 20
	customObjectBytesMax         = 16 << 20
	customMapBytesDefault        = 32 << 20
	customMapBytesMax            = 1 << 30
	customKeysMax                = 16
	customEventsPerSecondDefault = 1000
	// customOverBudgetSecondsMax is for how long a tracer may have more events per second than it is allowed, until
	// it is switched off.
	customOverBudgetSecondsMax = 10

	// deduplicationWindowDefault is short enough for a repeat to be reported while it matters.
	deduplicationWindowDefault = time.Minute
	deduplicationWindowMin     = time.Second
	deduplicationWindowMax     = time.Hour
	// tcpDeduplicationWindowMax is less: the kernel closes connections of processes that have exited, so what it
	// counted is read when the window is over, and whose it was must still be known then.
	tcpDeduplicationWindowMax = time.Minute
	// repeatPathBytesMax bounds the paths that are remembered for counts of repeats. A repeat beyond
	// it is reported by inode alone (counter: cut).
	repeatPathBytesMax = 4 << 20

	// learnedFilesMax is how many files that match read_paths are looked at when the receiver starts. Further ones
	// are known by another name only after a read by their own (it is logged).
	learnedFilesMax = 1024
	// listedNamesMax is how many names of a folder are looked at for that.
	listedNamesMax = 4096

	// executableFileBytesDefault is more than nearly all executables have. Larger ones are not hashed
	// (counter: too_large).
	executableFileBytesDefault = 64 << 20
	executableFileBytesMin     = 64 << 10
	executableFileBytesMax     = 4 << 30
	// Beyond these, events go out without a hash, and the file is tried again at its next exec (counter:
	// rate).
	executableBytesPerSecondDefault = 32 << 20
	executableFilesPerSecondDefault = 50
	executableFilesPerSecondMax     = 10000
	// executableQueueFilesMax and executableHeldBytesMax bound the files that wait to be read and the
	// events that wait for that. Beyond, events go out without a hash (counter: no_room).
	executableQueueFilesMax = 256
	executableHeldBytesMax  = 4 << 20
	// executableWait is how long an event waits at most (counter: late).
	executableWait = time.Second
	// executableCacheEntriesMax bounds the files whose hash is known. The one that was not executed for
	// longest is forgotten, and read again when it is executed again (counter: read).
	executableCacheEntriesMax = 4096

	// eventsPerSecondDefault is far above what a workload does that is not out of hand. Further events stay in
	// the kernel (counter: held back).
	eventsPerSecondDefault = 300
	filterPatternsMax      = 64
	filterPatternBytesMax  = 256
	filterPathBytesMax     = 250
	// filterValuesMax bounds the users, networks and ports that are included, and those that are excluded. The
	// kernel half has room for twice as many.
	filterValuesMax = 128
	// filterVerdictsMax bounds the verdicts on executables that are remembered. When it is reached, they are
	// found out anew.
	filterVerdictsMax = 4096
	// What the kernel half has room for of loaderFilesMax paths, and of the last two elements of each.
	loaderFilesMax          = 32
	loaderDirectoryBytesMax = 30
	loaderNameBytesMax      = 62

	// ancestorsMax is how far an exec event names the processes above it.
	ancestorsMax = 8

	// trackedConnectionsDefault is how many open connections have an owner. Events of further ones
	// name no process (counter: unidentified).
	trackedConnectionsDefault = 16384
	trackedConnectionsMin     = 256
	trackedConnectionsMax     = 1 << 20

	// trackedFlowsDefault is how many flows of datagrams are counted one by one. Datagrams of further ones
	// are counted for their workload alone (counter: lost at stage "map").
	trackedFlowsDefault = 8192
	trackedFlowsMin     = 256
	trackedFlowsMax     = 1 << 20
	flowIdleDefault     = 30 * time.Second
	flowReportDefault   = time.Minute
	// flowIdleMin gives flows that were resumed after a pause time to be taken before they pause again.
	flowIdleMin   = 2 * companionInterval
	flowReportMin = time.Second
	flowTimeMax   = time.Hour

	// dnsPortsMax is what the kernel half has room for.
	dnsPortsMax       = 8
	dnsTimeoutDefault = 5 * time.Second
	dnsTimeoutMin     = 100 * time.Millisecond
	dnsTimeoutMax     = time.Minute
	// crashCountsMax bounds the executables whose crashes are counted one by one, each in its workload. Beyond
	// it the count of the one that has not crashed for the longest starts anew (counter: forgotten).
	crashCountsMax = 1024

	// batchRecordsMax bounds a batch that is handed to the pipeline.
	batchRecordsMax = 512
	// queueBatchesMax bounds what waits for the pipeline. When the queue is full, a reader waits
	// for at most queueWait and then drops its batch (counter: lost at stage "queue").
	queueBatchesMax = 16
	queueWait       = 50 * time.Millisecond
	// pipelineAttemptsMax is how often a batch is offered to a pipeline that refuses it for the
	// moment, with pipelineRetryWait in between (counter: lost at stage "pipeline").
	pipelineAttemptsMax = 3
	pipelineRetryWait   = 100 * time.Millisecond

	metricsIntervalDefault = 10 * time.Second
	metricsIntervalMin     = time.Second
	metricsIntervalMax     = time.Hour
	clockInterval          = time.Second
	companionInterval      = 5 * time.Second
	// reconciliationInterval is how often losses are written to the log.
	reconciliationInterval = time.Minute
	// lossTracersMax bounds the names of tracers, those that are gone included, of which it is known what was told of their losses.
	lossTracersMax = 128
)
