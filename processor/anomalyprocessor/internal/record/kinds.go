// SPDX-License-Identifier: Apache-2.0

package record

import (
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// kinds are the events that are read, each with what fills in its action and object. Decisions says of all events what becomes of them, and why.
var kinds = map[string]func(*Reader, *fields, *behaviour.Event) Outcome{
	names.EventProcessExec:       exec,
	names.EventProcessExecFailed: attempt,
	names.EventProcessFork:       made,
	names.EventProcessExit:       ended,

	names.EventFileOpen:        open,
	names.EventFileCreate:      onFile(behaviour.Create),
	names.EventFileDelete:      onFile(behaviour.Delete),
	names.EventFileRename:      toName(behaviour.Rename),
	names.EventFileLink:        toName(behaviour.Link),
	names.EventFileModeChange:  onFile(behaviour.Attribute),
	names.EventFileOwnerChange: onFile(behaviour.Attribute),

	names.EventTCPConnect:   connect,
	names.EventTCPAccept:    accept,
	names.EventUDPStart:     datagram,
	names.EventDNSLookup:    resolve,
	names.EventSocketListen: listen,
	names.EventSocketBind:   bind,
	names.EventSocketCreate: socket,

	names.EventPrivilegeUserChange:         privilege,
	names.EventPrivilegeGroupChange:        privilege,
	names.EventPrivilegeCapabilitiesChange: privilege,
	names.EventPrivilegeCapabilityUse:      privilege,
	names.EventPrivilegeNamespaceChange:    privilege,
	names.EventPrivilegeRootChange:         privilege,

	names.EventInjectionProcessAccess:    injection,
	names.EventInjectionMemoryFile:       injection,
	names.EventInjectionFilelessExec:     injection,
	names.EventInjectionExecutableMemory: injection,
	names.EventInjectionLoaderChange:     injection,
	names.EventInjectionKernelCode:       injection,
	names.EventInjectionIOUring:          injection,

	names.EventMountMount:   mount,
	names.EventMountUnmount: mount,
	names.EventMountChange:  mount,
	names.EventMountMove:    mount,

	names.EventSignalSend: signal,
	names.EventCrashExit:  crash,

	names.EventIPCAttach:  channel,
	names.EventIPCOpen:    channel,
	names.EventIPCCreate:  channel,
	names.EventIPCConnect: channel,
}

func exec(r *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Path = behaviour.Exec, e.Executable
	if f.hasArguments {
		e.Arguments = r.argumentsOf(f.arguments)
	}
	if e.Path == "" && f.identity != "" {
		return Unresolved
	}
	return Read
}

// attempt is about what would be sensitive if it had worked. The name is enough: a shell that looks for a program tries each folder of PATH.
func attempt(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	if !behaviour.Tempting(f.filename) {
		return NotJudged
	}
	e.Action, e.Detail = behaviour.Attempt, f.filename[strings.LastIndexByte(f.filename, '/')+1:]
	return Read
}

func made(*Reader, *fields, *behaviour.Event) Outcome { return Context }

func ended(_ *Reader, _ *fields, e *behaviour.Event) Outcome {
	e.Ended = true
	return Context
}

func open(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Path = behaviour.Write, f.path
	if f.access == "read" {
		e.Action = behaviour.Read
	}
	return Read
}

func onFile(action behaviour.Action) func(*Reader, *fields, *behaviour.Event) Outcome {
	return func(_ *Reader, f *fields, e *behaviour.Event) Outcome {
		e.Action, e.Path = action, f.path
		if action == behaviour.Attribute {
			e.Detail = f.mode
		}
		return Read
	}
}

func toName(action behaviour.Action) func(*Reader, *fields, *behaviour.Event) Outcome {
	return func(_ *Reader, f *fields, e *behaviour.Event) Outcome {
		e.Action, e.Path, e.Target = action, f.path, f.newPath
		if f.linkTarget != "" { // of a symbolic link the path is the link's own
			e.Path, e.Target = f.linkTarget, f.path
		}
		return Read
	}
}

func connect(r *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action = behaviour.Connect
	address, port := f.serverAddress, f.serverPort
	if address == "" {
		address, port = f.peerAddress, f.peerPort
	}
	outcome := r.far(f, e, address, port)
	f.translate(e)
	return outcome
}

// accept is about the port that is served: that of the client is the kernel's choice.
func accept(r *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action = behaviour.Accept
	if f.clientAddress == "" {
		return r.far(f, e, f.peerAddress, f.localPort)
	}
	return r.far(f, e, f.clientAddress, f.serverPort)
}

func datagram(r *Reader, f *fields, e *behaviour.Event) Outcome {
	if f.side == "server" {
		return accept(r, f, e)
	}
	outcome := connect(r, f, e)
	e.Action = behaviour.Datagram
	return outcome
}

func resolve(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail = behaviour.Resolve, f.question
	return Read
}

func listen(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	switch {
	case f.errorType != "":
		return NotJudged
	case f.transport == "unix":
		e.Action, e.Detail, e.Path = behaviour.Channel, "unix socket", f.localAddress
	default:
		e.Action, e.Port = behaviour.Listen, portOf(f.localPort)
	}
	return Read
}

// bind is about UDP servers, which never listen. A port from the range out of which the kernel chooses is a client's.
func bind(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	if f.errorType != "" || f.transport != "udp" || f.localPort <= 0 || f.localPort >= ephemeralPort {
		return NotJudged
	}
	e.Action, e.Port = behaviour.Listen, portOf(f.localPort)
	return Read
}

// socket is about those by which one sees what is meant for others, or makes packets up.
func socket(r *Reader, f *fields, e *behaviour.Event) Outcome {
	if f.errorType != "" || f.family != "packet" && f.socketType != "raw" || f.family == "netlink" {
		return NotJudged
	}
	e.Action, e.Detail = behaviour.Socket, r.join(f.family, f.socketType)
	return Read
}

func privilege(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail = behaviour.Privilege, f.capability
	if e.Detail == "" {
		e.Detail = f.operation
	}
	return Read
}

func injection(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail, e.Path = behaviour.Injection, f.operation, f.targetPath
	if e.Path == "" {
		e.Path = f.path
	}
	return Read
}

func mount(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Path, e.Detail = behaviour.Mount, f.mountTarget, f.filesystem
	if e.Detail == "" {
		e.Detail = "unknown"
	}
	return Read
}

func signal(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail, e.Path = behaviour.Signal, f.signal, f.targetPath
	return Read
}

func crash(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail = behaviour.Crash, f.signal
	return Read
}

func channel(_ *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action, e.Detail, e.Path = behaviour.Channel, f.object, f.objectName
	return Read
}
