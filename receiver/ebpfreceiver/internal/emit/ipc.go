// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"fmt"
	"syscall"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// IPC is the emitter of the tracer "ipc".
func IPC(r Record, event decode.Event) bool {
	switch e := event.(type) {
	case *decode.IPC:
		return ipc(r, e)
	case *decode.IPCRepeat:
		return ipcRepeat(r, e)
	}
	return false
}

func ipc(r Record, e *decode.IPC) bool {
	sentence := r.putIPC(e.Head(), &e.Facts, e.Name)
	if sentence == "" {
		return false
	}
	attributes := r.Attributes()
	switch e.Facts.Kind {
	case decode.KindIPCGet:
		// There may be many that have no key: their repeats have no id.
		if e.Facts.Key == 0 && e.Facts.Error == 0 {
			attributes.PutInt(names.IPCID, int64(e.Id))
		}
		if object := decode.IPCObject(e.Facts.Object); object != decode.IPCMessageQueue {
			attributes.PutInt(names.IPCSize, int64(e.Size))
		}
	case decode.KindIPCConnect:
		sentence = r.putPeer(e, sentence)
	}
	if e.Facts.Kind == decode.KindIPCCreate || e.MayCreate() || decode.IPCObject(e.Facts.Object) == decode.IPCNamedPipe {
		attributes.PutStr(names.IPCMode, fmt.Sprintf("%04o", e.Mode))
	}
	if e.MayCreate() {
		attributes.PutBool(names.IPCMayCreate, true)
	}
	if e.NameCut() {
		attributes.PutStr(names.FilePathStatus, pathStatus(decode.PathCut))
	}
	r.Body().SetStr(sentence)
	return true
}

func ipcRepeat(r Record, e *decode.IPCRepeat) bool {
	sentence := r.putIPC(e.Head(), &e.Facts, e.Name)
	if sentence == "" {
		return false
	}
	r.Body().SetStr(fmt.Sprintf("%s, %d times more", sentence, e.Count))
	attributes := r.Attributes()
	attributes.PutInt(names.RepeatCount, int64(e.Count))
	if e.Peer.Process.Pid == 0 {
		return true
	}
	attributes.PutInt(names.IPCPeerPID, int64(e.Peer.Process.Pid))
	if e.Peer.Process.StartTimeNs != 0 && r.Who.Other != nil {
		attributes.PutStr(names.IPCPeerCreationTime, formatTime(r.Who.Other.Process.CreationTime))
	}
	return true
}

// putIPC adds what an event and its repeats have in common, and returns the sentence for people; an empty one
// for an event that is none.
func (r Record) putIPC(h *decode.Header, f *decode.IPCFacts, name []byte) string {
	event, did, failed := ipcVerb(f.Kind)
	object, article := ipcObject(decode.IPCObject(f.Object))
	if event == "" || object == "" {
		return ""
	}
	r.SetEventName(event)
	attributes := r.Attributes()
	attributes.EnsureCapacity(30)
	attributes.PutStr(names.IPCObject, object)
	if access := ipcAccess(f.Access); access != "" {
		attributes.PutStr(names.IPCAccess, access)
	}
	if f.Namespace != 0 {
		attributes.PutInt(names.IPCNamespace, int64(f.Namespace))
	}
	if f.Inode != 0 {
		attributes.PutInt(names.FileInode, int64(f.Inode))
	}
	what := article + r.putIPCName(f, name)
	if f.Error == 0 {
		return r.subject(h) + " " + did + " " + what
	}
	reason := errorName(syscall.Errno(f.Error))
	attributes.PutStr(names.ErrorType, reason)
	return r.subject(h) + " " + failed + " " + what + ": " + reason
}

// putIPCName adds how the object is called and returns it as a sentence has it.
func (r Record) putIPCName(f *decode.IPCFacts, name []byte) string {
	attributes := r.Attributes()
	switch decode.IPCObject(f.Object) {
	case decode.IPCPosixMessageQueue:
		queue := "/" + text(name)
		attributes.PutStr(names.IPCName, queue)
		return " " + queue
	case decode.IPCNamedPipe:
		path := text(name)
		attributes.PutStr(names.FilePath, path)
		return " " + path
	case decode.IPCUnixSocket:
		attributes.PutStr(names.NetworkTransport, "unix")
		attributes.PutStr(names.SocketType, socketType(uint32(f.SocketType)))
		if len(name) == 0 {
			return ""
		}
		address := unixName(name)
		attributes.PutStr(names.NetworkPeerAddress, address)
		return " " + address
	}
	if f.Kind != decode.KindIPCGet {
		attributes.PutInt(names.IPCID, int64(f.Id))
		return fmt.Sprintf(" with id %d", f.Id)
	}
	key := "private"
	if f.Key != 0 {
		key = fmt.Sprintf("0x%08x", uint32(f.Key))
	}
	attributes.PutStr(names.IPCKey, key)
	if f.Error == 0 && f.Key != 0 {
		attributes.PutInt(names.IPCID, int64(f.Id))
	}
	return " with key " + key
}

// putPeer adds who is at the other end of a connection, and returns the sentence that says so.
func (r Record) putPeer(e *decode.IPC, sentence string) string {
	peer, attributes := e.Other(), r.Attributes()
	if len(e.PeerName) > 0 && !bytes.Equal(e.PeerName, e.Name) {
		attributes.PutStr(names.IPCPeerAddress, unixName(e.PeerName))
	}
	if peer.Process.Pid == 0 {
		return sentence
	}
	if peer.Process.StartTimeNs == 0 {
		attributes.PutInt(names.IPCPeerPID, int64(peer.Process.Pid))
		attributes.PutInt(names.IPCPeerUserID, int64(peer.Uid))
		return sentence + " of a process that is gone"
	}
	r.putOther(ipcPeer(), peer)
	return sentence + " of " + r.other(peer)
}

func ipcPeer() otherNames {
	return otherNames{
		pid: names.IPCPeerPID, creationTime: names.IPCPeerCreationTime,
		executablePath: names.IPCPeerExecutablePath, executableName: names.IPCPeerExecutableName,
		threadName: names.IPCPeerThreadName, userID: names.IPCPeerUserID,
		cgroupPath: names.IPCPeerCgroupPath, cgroupID: names.IPCPeerCgroupID, containerID: names.IPCPeerContainerID,
	}
}

// ipcVerb returns the event's name and how a sentence tells it, and tells that it failed.
func ipcVerb(kind uint16) (name, did, failed string) {
	switch kind {
	case decode.KindIPCGet:
		return names.EventIPCGet, "got", "could not get"
	case decode.KindIPCAttach:
		return names.EventIPCAttach, "attached", "could not attach"
	case decode.KindIPCRemove:
		return names.EventIPCRemove, "removed", "could not remove"
	case decode.KindIPCOpen:
		return names.EventIPCOpen, "opened", "could not open"
	case decode.KindIPCCreate:
		return names.EventIPCCreate, "created", "could not create"
	case decode.KindIPCConnect:
		return names.EventIPCConnect, "connected to", "could not connect to"
	}
	return "", "", ""
}

// ipcObject returns the value of the attribute, and how a sentence names such an object.
func ipcObject(o decode.IPCObject) (name, inSentence string) {
	switch o {
	case decode.IPCSharedMemory:
		return "shared_memory", "shared memory"
	case decode.IPCMessageQueue:
		return "message_queue", "a message queue"
	case decode.IPCSemaphores:
		return "semaphores", "semaphores"
	case decode.IPCPosixMessageQueue:
		return "posix_message_queue", "the message queue"
	case decode.IPCUnixSocket:
		return "unix_socket", "the unix socket"
	case decode.IPCNamedPipe:
		return "named_pipe", "the named pipe"
	}
	return "", ""
}

func ipcAccess(access uint16) string {
	switch access {
	case decode.IPCRead:
		return "read"
	case decode.IPCWrite:
		return "write"
	case decode.IPCRead | decode.IPCWrite:
		return "read_write"
	}
	return ""
}

// IPCCounts are the counts per workload of the tracer "ipc".
func IPCCounts() []Count {
	count := func(field, operation string) Count {
		return Count{Field: field, Metric: names.IPCOperations(), Attribute: names.IPCOperation, Value: operation}
	}
	return []Count{
		count("got", "get"),
		count("attached", "attach"),
		count("removed", "remove"),
		count("opened", "open"),
		count("created", "create"),
		count("connected", "connect"),
		{Field: "failed", Metric: names.IPCFailures()},
	}
}
