// SPDX-License-Identifier: Apache-2.0

package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/meerkat-otel/meerkat/internal/names"
)

// set takes in an attribute, if it is one of those that events are made of.
func (f *fields) set(attribute string, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeInt:
		f.setNumber(attribute, value.Int())
	case pcommon.ValueTypeStr:
		if len(value.Str()) <= textBytesMax {
			f.setText(attribute, value.Str())
		}
	case pcommon.ValueTypeSlice:
		if attribute == names.ProcessCommandArgs {
			f.arguments, f.hasArguments = value.Slice(), true
		}
	}
}

func (f *fields) setNumber(attribute string, number int64) {
	switch attribute {
	case names.ProcessPID:
		f.pid = number
	case names.ProcessParentPID:
		f.parentPID = number
	case names.ProcessExecutorPID:
		f.executorPID = number
	case names.ClientPort:
		f.clientPort = number
	case names.ServerPort:
		f.serverPort = number
	case names.NetworkPeerPort:
		f.peerPort = number
	case names.NetworkLocalPort:
		f.localPort = number
	}
}

func (f *fields) setText(attribute, text string) {
	switch attribute {
	case names.ProcessCreationTime:
		f.created = timeText(text)
	case names.ProcessParentCreationTime:
		f.parentCreated = timeText(text)
	case names.ProcessExecutorCreationTime:
		f.executorCreated = timeText(text)
	default:
		if place := f.place(attribute); place != nil {
			*place = text
		}
	}
}

// place returns where a text is kept, nil if it is not.
func (f *fields) place(attribute string) *string {
	switch attribute {
	case names.ProcessExecutablePath:
		return &f.executable
	case names.ProcessParentExecutablePath:
		return &f.parent
	case names.IdentityStatus:
		return &f.identity
	case names.ErrorType:
		return &f.errorType
	case names.LogRecordUID:
		return &f.uid
	case names.FilePath:
		return &f.path
	case names.FileNewPath:
		return &f.newPath
	case names.FileSymbolicLinkTarget:
		return &f.linkTarget
	case names.FileAccess:
		return &f.access
	case names.FileMode:
		return &f.mode
	case names.FileOwnerID:
		return &f.owner
	case names.PrivilegeOperation, names.InjectionOperation:
		return &f.operation
	case names.PrivilegeCapability:
		return &f.capability
	case names.InjectionTargetExecutablePath, names.SignalTargetExecutablePath, names.IPCPeerExecutablePath:
		return &f.targetPath
	case names.MountTarget:
		return &f.mountTarget
	case names.MountFilesystem:
		return &f.filesystem
	case names.SignalName, names.CrashSignal:
		return &f.signal
	case names.ProcessFilename:
		return &f.filename
	case names.SocketFamily:
		return &f.family
	case names.SocketType:
		return &f.socketType
	case names.IPCObject:
		return &f.object
	case names.IPCName:
		return &f.objectName
	case names.DNSQuestionName:
		return &f.question
	case names.PrivilegeResult:
		return &f.result
	case names.MountOperation:
		return &f.mountOperation
	}
	return f.placeOfEnd(attribute)
}

// placeOfEnd is place for the two ends of connections.
func (f *fields) placeOfEnd(attribute string) *string {
	switch attribute {
	case names.ConnectionSide:
		return &f.side
	case names.NetworkTransport:
		return &f.transport
	case names.ClientAddress:
		return &f.clientAddress
	case names.ServerAddress:
		return &f.serverAddress
	case names.NetworkLocalAddress:
		return &f.localAddress
	case names.NetworkPeerAddress:
		return &f.peerAddress
	case names.PeerKind:
		return &f.peerKind
	case names.PeerName:
		return &f.peerName
	case names.PeerNamespaceName:
		return &f.peerNamespace
	case names.PeerServiceName:
		return &f.peerService
	case names.PeerNetworkName:
		return &f.peerNetwork
	case names.PeerEnrichmentStatus:
		return &f.peerStatus
	case names.PeerEnrichmentReason:
		return &f.peerReason
	case names.PeerSeesClient:
		return &f.seenClient
	case names.PeerSeesServer:
		return &f.seenServer
	}
	return nil
}
