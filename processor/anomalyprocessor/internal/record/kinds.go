// SPDX-License-Identifier: Apache-2.0

package record

import (
	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
)

// kinds are the events that are judged, each with what fills in its action and object. Of the others some say nothing of behaviour (exits, ends of
// connections), and some are a process's restraint (seccomp filters) rather than a reach for more.
var kinds = map[string]func(*Reader, *fields, *behaviour.Event) Outcome{
	names.EventProcessExec: exec,

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
		if e.Path == "" {
			e.Path = f.linkTarget
		}
		return Read
	}
}

func connect(r *Reader, f *fields, e *behaviour.Event) Outcome {
	e.Action = behaviour.Connect
	if f.serverAddress == "" {
		return r.far(f, e, f.peerAddress, f.peerPort)
	}
	return r.far(f, e, f.serverAddress, f.serverPort)
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
