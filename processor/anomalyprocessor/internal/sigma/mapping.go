// SPDX-License-Identifier: Apache-2.0

package sigma

import "github.com/meerkat-otel/meerkat/internal/names"

// Mapping says where the value of a field comes from.
type Mapping struct {
	// Name is the field in rules: of Sigma's taxonomy, or an attribute's own.
	Name string
	// Categories has a bit for each Category whose events can have the field.
	Categories uint16
	kind       kind
	// Attributes are where the value comes from: the first one that the event has.
	Attributes []string
	// Remark is what a writer of rules has to know, in one sentence.
	Remark string
}

// Kind is what the values are: "text", "number", "IP address" or "true or false".
func (m Mapping) Kind() string { return kindNames[m.kind] }

// In tells whether events of the category can have the field.
func (m Mapping) In(c Category) bool { return m.Categories&(1<<c) != 0 }

// MappingOf returns the mapping of a field.
func MappingOf(f Field) Mapping { return mappings[f] }

// Fields lists all fields.
func Fields() []Field {
	fields := make([]Field, fieldCount)
	for i := range fields {
		fields[i] = Field(i)
	}
	return fields
}

// Categories in which a field is found.
const (
	execs       = 1 << ProcessCreation
	connections = 1 << NetworkConnection
	newFiles    = 1 << FileEvent
	allFiles    = 1<<FileEvent | 1<<FileAccess | 1<<FileChange | 1<<FileDelete
	everywhere  = 1<<categoryCount - 1
)

// mappings is the one table of fields; README.md in the folder of the rules is written from it.
var mappings = [fieldCount]Mapping{
	FieldImage:             {"Image", everywhere, textKind, []string{names.ProcessExecutablePath}, "As seen from the root directory of the process; of a script it is the interpreter."},
	FieldCommandLine:       {"CommandLine", execs, textKind, []string{names.ProcessCommandArgs}, "Arguments joined by one space each, without quotation marks; secrets are `REDACTED`."},
	FieldCurrentDirectory:  {"CurrentDirectory", execs, textKind, []string{names.ProcessWorkingDirectory}, ""},
	FieldUser:              {"User", everywhere, textKind, []string{names.ProcessUserID}, "`root` for user id 0, otherwise the number: names are not known, and rules that ask for one are refused."},
	FieldProcessID:         {"ProcessId", everywhere, numberKind, []string{names.ProcessPID}, ""},
	FieldParentImage:       {"ParentImage", execs, textKind, []string{names.ProcessParentExecutablePath}, ""},
	FieldParentCommandLine: {"ParentCommandLine", execs, textKind, []string{names.ProcessCommandArgs}, "Of the parent's own `meerkat.process.exec`, if the processor has seen it and not forgotten it for others: about the last 16,000 programs are remembered, none while no rule asks."},
	FieldParentProcessID:   {"ParentProcessId", execs, numberKind, []string{names.ProcessParentPID}, ""},
	FieldHashes:            {"Hashes", execs, textKind, []string{names.ProcessExecutableSHA256}, "Written as `SHA256=…`; only if `executable_hash` is on."},

	FieldTargetFilename: {"TargetFilename", allFiles, textKind, []string{names.FileNewPath, names.FilePath}, "As the process sees it."},
	FieldSourceFilename: {"SourceFilename", newFiles, textKind, []string{names.FilePath}, "The name that a renamed or linked file had before; of these only."},

	FieldDestinationIP:       {"DestinationIp", connections, addressKind, []string{names.ServerAddress, names.NetworkPeerAddress}, ""},
	FieldDestinationPort:     {"DestinationPort", connections, numberKind, []string{names.ServerPort, names.NetworkPeerPort}, ""},
	FieldDestinationHostname: {"DestinationHostname", connections, textKind, []string{names.PeerDNSName}, "The name that the workload looked up before; only where it is the client."},
	FieldSourceIP:            {"SourceIp", connections, addressKind, []string{names.ClientAddress, names.NetworkLocalAddress}, ""},
	FieldSourcePort:          {"SourcePort", connections, numberKind, []string{names.ClientPort, names.NetworkLocalPort}, ""},
	FieldInitiated:           {"Initiated", connections, truthKind, []string{names.ConnectionSide}, "`true` for the client, `false` for the server, absent while it is not known."},
	FieldProtocol:            {"Protocol", connections, textKind, []string{names.NetworkTransport}, "`tcp` or `udp`."},

	FieldUserID:             {names.ProcessUserID, everywhere, numberKind, []string{names.ProcessUserID}, ""},
	FieldInteractive:        {names.ProcessInteractive, execs, truthKind, []string{names.ProcessInteractive}, ""},
	FieldScriptPath:         {names.ProcessScriptPath, execs, textKind, []string{names.ProcessScriptPath}, ""},
	FieldFilename:           {names.ProcessFilename, execs, textKind, []string{names.ProcessFilename}, ""},
	FieldCapabilities:       {names.ProcessCapabilities, execs, textKind, []string{names.ProcessCapabilities}, "Joined by one space each."},
	FieldMemoryOnly:         {names.ProcessExecutableMemoryOnly, execs, truthKind, []string{names.ProcessExecutableMemoryOnly}, "Present only if true."},
	FieldCreatedInContainer: {names.ProcessExecutableCreatedInContainer, execs, truthKind, []string{names.ProcessExecutableCreatedInContainer}, ""},
	FieldFileMode:           {names.FileMode, allFiles, textKind, []string{names.FileMode}, "Four octal digits; quote them: `'4755'`."},
	FieldFileOperation:      {names.FileOperation, allFiles, textKind, nil, "The last part of the event's name: `open`, `create`, `rename`, …"},
	FieldLinkTarget:         {names.FileSymbolicLinkTarget, newFiles, textKind, []string{names.FileSymbolicLinkTarget}, ""},
	FieldReadPath:           {names.FileReadPath, 1 << FileAccess, textKind, []string{names.FileReadPath}, "Which of the watched paths it was, also if the file is read by another name."},
	FieldErrorType:          {names.ErrorType, connections, textKind, []string{names.ErrorType}, ""},
	FieldContainerID:        {names.ContainerID, everywhere, textKind, []string{names.ContainerID}, "Absent outside containers: `container.id|exists: true`."},
	FieldContainerName:      {names.ContainerName, everywhere, textKind, []string{names.ContainerName}, ""},
	FieldContainerImage:     {names.ContainerImageName, everywhere, textKind, []string{names.ContainerImageName}, ""},
	FieldNamespace:          {names.K8sNamespaceName, everywhere, textKind, []string{names.K8sNamespaceName}, ""},
	FieldPod:                {names.K8sPodName, everywhere, textKind, []string{names.K8sPodName}, ""},
}
