// SPDX-License-Identifier: Apache-2.0

package state

// Limits, each with what happens when it is hit.
const (
	// WriteBytesMax and WriteEntriesMax are how much is written at once: a batch that reaches one of them is written before more is added. A
	// single profile may be larger.
	WriteBytesMax   = 4 << 20
	WriteEntriesMax = 256
	// incidentsBytesMax bounds what is kept of the incidents of one workload: beyond it what was over is left out, then what is not raised, then
	// all of it.
	incidentsBytesMax = 1 << 20
	// profileBytesMax is more than the largest profile has that can be configured.
	profileBytesMax = 32 << 20
	// pageBytesMax bounds a page of the index. It has room for all workloads that can be configured, with keys of the usual length; a workload
	// that has no room is not kept.
	pageBytesMax = 4 << 20
	// pages is how many pages the index has. It stands in the storage: another number is another version.
	pages = 64
	// objectsMax bounds the objects in what is read, since some bytes of JSON can become many in the memory.
	objectsMax = 1 << 17
	// asideMax is how many entries are set aside at most; the oldest one goes for another.
	asideMax = 64
	// reasonBytesMax bounds why an entry was set aside.
	reasonBytesMax = 512
)
