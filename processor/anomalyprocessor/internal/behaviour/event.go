// SPDX-License-Identifier: Apache-2.0

package behaviour

import (
	"net/netip"
	"time"
)

// Action is what a process did.
type Action uint8

// Actions. Their numbers stand in exported profiles: add new ones at the end.
const (
	Exec      Action = iota + 1 // executed Path, with Arguments; Executable is the new one, ParentExecutable who started it
	Read                        // opened Path for reading
	Write                       // opened Path for writing
	Create                      // made Path
	Rename                      // gave Path the name Target
	Delete                      // removed Path
	Link                        // made Target another name of Path
	Attribute                   // changed mode or owner of Path; Detail is the new one
	Connect                     // opened a connection to Address and Port
	Accept                      // accepted a connection from Address on its own Port
	Listen                      // listens on Port
	Datagram                    // sent datagrams to Address and Port
	Resolve                     // looked up a name; Detail is the name
	Privilege                   // changed what it may do; Detail is which privilege
	Injection                   // got into another process or into memory; Detail is by which means, Path may be in what
	Mount                       // mounted or unmounted Path; Detail is the type of file system
	Signal                      // sent a signal that kills or stops; Detail is its name
	Channel                     // talked to another process on the host; Detail is how, Path may be where
	Crash                       // was ended by a fault; Detail is the signal
	Attempt                     // could not execute a program; Detail is its name
	Socket                      // opened a socket that sees or makes packets as they are; Detail is of which kind
	actionEnd
)

// actionNames are what people read.
var actionNames = [actionEnd]string{
	Exec: "exec", Read: "read", Write: "write", Create: "create", Rename: "rename", Delete: "delete", Link: "link",
	Attribute: "attribute", Connect: "connect", Accept: "accept", Listen: "listen", Datagram: "datagram", Resolve: "resolve",
	Privilege: "privilege", Injection: "injection", Mount: "mount", Signal: "signal", Channel: "channel", Crash: "crash",
	Attempt: "attempt", Socket: "socket",
}

// String returns the name of an action, or "unknown".
func (a Action) String() string {
	if !a.valid() {
		return "unknown"
	}
	return actionNames[a]
}

func (a Action) valid() bool { return a > 0 && a < actionEnd }

// ParseAction returns the action of a name, and false if there is none.
func ParseAction(name string) (Action, bool) {
	for action := Exec; action < actionEnd; action++ {
		if actionNames[action] == name {
			return action, true
		}
	}
	return 0, false
}

// onPath tells whether the object of an action is a path.
func (a Action) onPath() bool { return a >= Exec && a <= Attribute || a == Mount }

// onNetwork tells whether the object of an action is the far end of a connection.
func (a Action) onNetwork() bool { return a == Connect || a == Accept || a == Datagram }

// ProcessKey tells processes apart, pids that were used again included. The zero value is a process that is not known.
type ProcessKey struct {
	PID uint32
	// Created is when the process was made, in nanoseconds since 1970.
	Created int64
}

// Event is one thing that one process did. Strings may share memory with what the event was read from: whoever keeps an event
// clones them.
type Event struct {
	// Workload is the key of the profile: what all replicas share (namespace, owner and container name; a unit of the host).
	Workload string
	// Version tells versions of the workload apart, such as the digest of the image. Empty if it is not known.
	Version string
	// Instance is the replica: the container, or the host.
	Instance string
	// Time is when it happened, by the clock of the kernel that saw it.
	Time time.Time

	Process, Parent ProcessKey
	// Executor is the nearest process above that has executed a program itself, if it is not the parent: that is a mere fork of it then.
	Executor ProcessKey
	// Ended tells that the process is gone. An event with it has no action.
	Ended bool
	// Executable and ParentExecutable are absolute paths, empty if they are not known.
	Executable, ParentExecutable string

	Action Action
	// Path and Target are absolute, as the process saw them.
	Path, Target string
	// Arguments are those of an Exec, the name of the program first.
	Arguments []string
	Address   netip.Addr
	Port      uint16
	// Peer is the workload behind Address, if it is known.
	Peer string
	// Client and Server are the ends of a connection or flow, as far as they are known.
	Client, Server netip.AddrPort
	// Detail is what else the object consists of: see the actions.
	Detail string
}
