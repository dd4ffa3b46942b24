// SPDX-License-Identifier: Apache-2.0

package sigma

import "strings"

// rootID is the user id that is called root in rules.
const rootID = 0

// SetUserID sets User and process.user.id from the attribute process.user.id. Rules name users; which name a number has
// in a container only the container knows, except that 0 is root.
func (e *Event) SetUserID(id int64) {
	e.SetNumber(FieldUserID, id)
	if id == rootID {
		e.SetText(FieldUser, "root")
	} else {
		e.SetNumber(FieldUser, id)
	}
}

// SetSide sets Initiated from the attribute meerkat.connection.side: client or server. Any other leaves it absent.
func (e *Event) SetSide(side string) {
	if side == "client" || side == "server" {
		e.SetTruth(FieldInitiated, side == "client")
	}
}

// SetSHA256 sets Hashes from the attribute meerkat.process.executable.hash.sha256, in the form that rules have it.
func (e *Event) SetSHA256(hexadecimal string) {
	e.SetText(FieldHashes, "SHA256=")
	e.add(FieldHashes, hexadecimal)
}

// SetFileOperation sets meerkat.file.operation from the name of an event: the last part of it.
func (e *Event) SetFileOperation(event string) {
	e.SetText(FieldFileOperation, event[strings.LastIndexByte(event, '.')+1:])
}
