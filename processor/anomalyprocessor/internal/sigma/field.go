// SPDX-License-Identifier: Apache-2.0

package sigma

import "strings"

// Field is something that a rule can ask of an event.
type Field uint8

// Fields with the names of Sigma's taxonomy first, then attributes that rules may name as they are.
const (
	FieldImage Field = iota
	FieldCommandLine
	FieldCurrentDirectory
	FieldUser
	FieldProcessID
	FieldParentImage
	FieldParentCommandLine
	FieldParentProcessID
	FieldHashes
	FieldTargetFilename
	FieldSourceFilename
	FieldDestinationIP
	FieldDestinationPort
	FieldDestinationHostname
	FieldSourceIP
	FieldSourcePort
	FieldInitiated
	FieldProtocol

	FieldUserID
	FieldInteractive
	FieldScriptPath
	FieldFilename
	FieldCapabilities
	FieldMemoryOnly
	FieldCreatedInContainer
	FieldFileMode
	FieldFileOperation
	FieldLinkTarget
	FieldReadPath
	FieldErrorType
	FieldContainerID
	FieldContainerName
	FieldContainerImage
	FieldNamespace
	FieldPod

	fieldCount
)

// kind is what the values of a field are, and with it which modifiers make sense.
type kind uint8

const (
	textKind kind = iota
	numberKind
	addressKind
	truthKind // "true" or "false"
)

var kindNames = [...]string{"text", "number", "IP address", "true or false"}

// String is the field as rules name it.
func (f Field) String() string {
	if f < fieldCount {
		return mappings[f].Name
	}
	return "unknown"
}

// in tells whether events of the category can have the field.
func (f Field) in(c Category) bool { return mappings[f].Categories&(1<<c) != 0 }

// byLowerName finds fields by their names in lower case: published rules write "user" too.
var byLowerName = func() map[string]Field {
	found := make(map[string]Field, fieldCount)
	for field := range fieldCount {
		found[strings.ToLower(mappings[field].Name)] = field
	}
	return found
}()

// neverThere are fields of the taxonomy that no event of Meerkat's has, and why. They are told apart from fields that
// nobody knows: a rule with alternatives to such a field still works, and a misspelt one does not load.
var neverThere = map[string]string{
	"logonid":              "the kernel's login id is not observed",
	"logonguid":            "it is a thing of Windows",
	"terminalsessionid":    "it is a thing of Windows",
	"integritylevel":       "it is a thing of Windows",
	"parentintegritylevel": "it is a thing of Windows",
	"parentuser":           "the parent's user is not observed",
	"processguid":          "processes are known by pid and creation time",
	"parentprocessguid":    "processes are known by pid and creation time",
	"originalfilename":     "programs for Linux have no such name in them",
	"product":              "programs for Linux have no such text in them",
	"description":          "programs for Linux have no such text in them",
	"company":              "programs for Linux have no such text in them",
	"fileversion":          "programs for Linux have no such text in them",
	"imphash":              "it is a thing of Windows",
	"md5":                  "only SHA-256 is computed: use Hashes",
	"sha1":                 "only SHA-256 is computed: use Hashes",
	"sha256":               "write Hashes|contains: 'SHA256=…'",
	"sourcehostname":       "names of the host's own addresses are not looked up",
	"creationutctime":      "the time is that of the event",
	"utctime":              "the time is that of the event",
	"rulename":             "it is a thing of Sysmon",
}
