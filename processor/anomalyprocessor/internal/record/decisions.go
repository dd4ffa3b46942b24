// SPDX-License-Identifier: Apache-2.0

package record

import "github.com/meerkat-otel/meerkat/internal/names"

// Fate is what becomes of the events of a name.
type Fate string

// Fates.
const (
	// Judged events are compared with the profile of their workload.
	Judged Fate = "judged"
	// ContextOnly events tell who belongs to whom, or how much was seen, and are not judged.
	ContextOnly Fate = "context"
	// Ignored events pass by. Rules see all events that Sigma has a category for, whatever becomes of them here.
	Ignored Fate = "not judged"
)

// Decision says what becomes of the events of a name, and why.
type Decision struct {
	Event string
	Fate  Fate
	// Why is one sentence or two, for people.
	Why string
}

// Decisions has all events of Meerkat. A test holds it to those that there are.
func Decisions() []Decision {
	return []Decision{
		{names.EventProcessExec, Judged, "Who executes what with which kind of arguments is what attacks can do least without."},
		{names.EventProcessExecFailed, Judged, "Of shells, transfer tools and programs in volatile places, by the name alone. Of others it says nothing: shells look for each program in one folder after the other."},
		{names.EventProcessFork, ContextOnly, "Tells who the parent of a process is that executes nothing. A fork itself is what every server does. Off in the receiver unless `tracers::process::fork` is true; an exec tells most of it anyway, but not of a daemon that forks twice."},
		{names.EventProcessExit, ContextOnly, "The process can be forgotten when nothing is linked through it any more. Exit codes are no behaviour that an attacker can't choose."},

		{names.EventFileOpen, Judged, "For writing, and for reading where the receiver watches."},
		{names.EventFileCreate, Judged, "New files in places that had none."},
		{names.EventFileRename, Judged, "By the new name: what was downloaded gets into its place so."},
		{names.EventFileDelete, Judged, "Logs and histories above all."},
		{names.EventFileLink, Judged, "By the new name."},
		{names.EventFileModeChange, Judged, "A file is made executable, or set-user-id."},
		{names.EventFileOwnerChange, Judged, "By the path."},

		{names.EventTCPConnect, Judged, "Where data goes."},
		{names.EventTCPAccept, Judged, "Who comes, and to which port."},
		{names.EventTCPClose, Ignored, "The beginning of the connection was judged; bytes and durations are for metrics."},

		{names.EventInjectionProcessAccess, Judged, "A way into another process."},
		{names.EventInjectionMemoryFile, Judged, "A file in memory is where programs without a file come from."},
		{names.EventInjectionFilelessExec, Judged, "A program without a file."},
		{names.EventInjectionExecutableMemory, Judged, "Code that is made while it runs; of a compiler at run time it is learned."},
		{names.EventInjectionLoaderChange, Judged, "Code that gets into every program."},
		{names.EventInjectionKernelCode, Judged, "Code that gets into the kernel."},
		{names.EventInjectionIOUring, Judged, "Work that is handed to the kernel past the system calls."},

		{names.EventSocketCreate, Judged, "Raw and packet sockets, which see what is meant for others, or make packets up. One that the kernel refuses does neither, and unusual families have honest uses that no list knows."},
		{names.EventSocketBind, Judged, "Of UDP sockets to a port below 32768: a server that never listens. TCP servers listen after it, and other ports are a client's."},
		{names.EventSocketListen, Judged, "A port, or a unix socket, that others can reach. One that the kernel refuses can't be reached."},

		{names.EventIPCGet, Ignored, "A key is not an object yet: to attach is what reaches others."},
		{names.EventIPCAttach, Judged, "Memory that is shared with others."},
		{names.EventIPCRemove, Ignored, "Tidying up."},
		{names.EventIPCOpen, Judged, "A queue or pipe to others."},
		{names.EventIPCCreate, Judged, "A named pipe, which shells are tied to a connection by."},
		{names.EventIPCConnect, Judged, "Who talks to which service of the host, such as the runtime's socket."},

		{names.EventUDPStart, Judged, "Where datagrams go, or come from."},
		{names.EventUDPFlow, Ignored, "The beginning of the flow was judged; bytes and durations are for metrics."},
		{names.EventDNSLookup, Judged, "Which names are looked up."},

		{names.EventTTYSession, Ignored, "The shell of the session is judged as what it executes; that a person is there is no surprise by itself."},
		{names.EventTTYSessionEnd, Ignored, "It tells how long it took."},

		{names.EventSignalSend, Judged, "Somebody stops the processes of others."},
		{names.EventOOMKill, Ignored, "Too little memory is a matter of operations, and the kernel did it."},
		{names.EventCrashExit, Judged, "An exploit that fails makes its victim crash."},

		{names.EventPrivilegeUserChange, Judged, "Becoming somebody else."},
		{names.EventPrivilegeGroupChange, Judged, "The same for groups."},
		{names.EventPrivilegeCapabilitiesChange, Judged, "What a process may do changes."},
		{names.EventPrivilegeCapabilityUse, Judged, "By the capability, whether it was granted or denied."},
		{names.EventPrivilegeNamespaceChange, Judged, "A way into other containers, or out of one."},
		{names.EventPrivilegeRootChange, Judged, "The same for the file system."},
		{names.EventPrivilegeRestrictionChange, Ignored, "A process restrains itself; attacks gain nothing by it."},

		{names.EventMountMount, Judged, "A file system that was not there, such as the host's."},
		{names.EventMountUnmount, Judged, "What hid something is gone."},
		{names.EventMountChange, Judged, "What was read-only need not be any more."},
		{names.EventMountMove, Judged, "The same file system at another place."},
		{names.EventMountConfigure, Ignored, "A step towards a mount, which is judged."},

		{names.EventControlChanged, Ignored, "Somebody who may do so changed what the receiver does. It belongs to no workload, and its own log is the place to look for it."},
		{names.EventReceiverLoss, ContextOnly, "How much of what happened on a host was not seen: incidents are trusted less for it."},
		{names.EventIncident, Ignored, "What another processor of this kind has found is nothing that a process did."},
	}
}
