// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"
	"os"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// OOM is the emitter of the tracer "oom".
func OOM(r Record, event decode.Event) bool {
	e, ok := event.(*decode.OOMKill)
	if !ok {
		return false
	}
	attributes := r.Attributes()
	attributes.EnsureCapacity(28)
	r.SetEventName(names.EventOOMKill)
	constraint := decode.OOMConstraint(e.Constraint)
	attributes.PutStr(names.OOMConstraint, oomConstraint(constraint))
	lacking := "the machine"
	if constraint == decode.OOMMemoryCgroup {
		lacking = r.putFullCgroup(e)
	}
	r.Body().SetStr(fmt.Sprintf("%s was killed because %s ran out of memory: it had %d MiB", r.subject(e.Head()), lacking,
		bytesOfPages(e.AnonymousPages+e.FilePages+e.SharedPages)>>20))
	attributes.PutInt(names.OOMScoreAdjustment, int64(e.ScoreAdjustment))
	for _, figure := range []struct {
		name  string
		bytes int64
	}{
		{names.OOMMemoryAnonymous, bytesOfPages(e.AnonymousPages)},
		{names.OOMMemoryFile, bytesOfPages(e.FilePages)},
		{names.OOMMemoryShared, bytesOfPages(e.SharedPages)},
		{names.OOMMemorySwap, bytesOfPages(e.SwapPages)},
		{names.OOMMemoryPageTables, int64(e.PageTableBytes)},
		{names.OOMMemoryVirtual, bytesOfPages(e.VirtualPages)},
	} {
		attributes.PutInt(figure.name, figure.bytes)
	}
	r.putOther(oomTrigger(), e.Other())
	return true
}

// putFullCgroup adds which cgroup has reached its limit, and returns what to call it.
func (r Record) putFullCgroup(e *decode.OOMKill) string {
	attributes, path := r.Attributes(), ""
	if r.Who.Elsewhere != nil {
		path = text([]byte(r.Who.Elsewhere.CgroupPath))
	}
	if path != "" {
		attributes.PutStr(names.OOMCgroupPath, path)
	} else {
		path = "a cgroup"
		attributes.PutInt(names.OOMCgroupID, int64(e.FullCgroupId))
	}
	attributes.PutInt(names.OOMCgroupLimit, bytesOfPages(e.LimitPages))
	attributes.PutInt(names.OOMCgroupUsage, bytesOfPages(e.UsagePages))
	return path
}

func bytesOfPages(pages uint64) int64 { return int64(pages) * int64(os.Getpagesize()) }

func oomConstraint(c decode.OOMConstraint) string {
	switch c {
	case decode.OOMGlobal:
		return "global"
	case decode.OOMMemoryCgroup:
		return "memory_cgroup"
	}
	return "unknown"
}

// oomTrigger are the attributes of the process that asked for memory.
func oomTrigger() otherNames {
	return otherNames{
		pid: names.OOMTriggerPID, creationTime: names.OOMTriggerCreationTime,
		executablePath: names.OOMTriggerExecutablePath, executableName: names.OOMTriggerExecutableName,
		threadName: names.OOMTriggerThreadName, userID: names.OOMTriggerUserID,
		cgroupPath: names.OOMTriggerCgroupPath, cgroupID: names.OOMTriggerCgroupID, containerID: names.OOMTriggerContainerID,
	}
}

// OOMCounts are the counts per workload of the tracer "oom".
func OOMCounts() []Count {
	return []Count{{Field: "kills", Metric: names.OOMKills()}}
}
