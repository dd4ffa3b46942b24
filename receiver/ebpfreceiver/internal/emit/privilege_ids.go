// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"strconv"
	"strings"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// idRole is one of the ids that a process has of a kind.
type idRole struct {
	before, after string
	of            func(*decode.IDs) uint32
}

var idRoles = []idRole{
	{names.PrivilegeBeforeRealID, names.PrivilegeAfterRealID, func(i *decode.IDs) uint32 { return i.Real }},
	{names.PrivilegeBeforeEffectiveID, names.PrivilegeAfterEffectiveID, func(i *decode.IDs) uint32 { return i.Effective }},
	{names.PrivilegeBeforeSavedID, names.PrivilegeAfterSavedID, func(i *decode.IDs) uint32 { return i.Saved }},
	{names.PrivilegeBeforeFilesystemID, names.PrivilegeAfterFilesystemID, func(i *decode.IDs) uint32 { return i.Filesystem }},
}

func idsChange(r Record, e *decode.PrivilegeIDs) {
	what := "group"
	r.SetEventName(names.EventPrivilegeGroupChange)
	if e.Header.Kind == decode.KindPrivilegeUserChange {
		what = "user"
		r.SetEventName(names.EventPrivilegeUserChange)
	}
	attributes := r.Attributes()
	attributes.EnsureCapacity(18)
	reason := r.putOutcome(e.Operation, e.Error)
	if decode.PrivilegeOperation(e.Operation) == decode.OperationSetgroups {
		r.putGroups(e)
		r.tell(e.Head(), "changed its supplementary groups", "change its supplementary groups", reason)
		return
	}
	var changes []string
	for _, role := range idRoles {
		before, after := role.of(&e.Before), role.of(&e.After)
		if reason != "" && after == unchangedID || reason == "" && e.BeforeKnown() && before == after {
			continue
		}
		if reason == "" && e.BeforeKnown() {
			attributes.PutInt(role.before, int64(before))
		}
		attributes.PutInt(role.after, int64(after))
		changes = append(changes, strconv.FormatUint(uint64(after), 10))
	}
	to := strings.Join(distinct(changes), ", ")
	if reason == "" {
		to = strconv.FormatUint(uint64(e.After.Effective), 10)
	}
	r.tell(e.Head(), "changed to "+what+" "+to, "change to "+what+" "+to, reason)
}

// distinct leaves out what equals the one before it.
func distinct(all []string) []string {
	var kept []string
	for i, s := range all {
		if i == 0 || s != all[i-1] {
			kept = append(kept, s)
		}
	}
	return kept
}

func (r Record) putGroups(e *decode.PrivilegeIDs) {
	attributes := r.Attributes()
	attributes.PutInt(names.PrivilegeGroupCount, int64(e.GroupCount))
	if e.Error != 0 {
		return
	}
	list := attributes.PutEmptySlice(names.PrivilegeGroups)
	for _, id := range e.ListedGroups() {
		list.AppendEmpty().SetStr(strconv.FormatUint(uint64(id), 10))
	}
}

func capabilitiesChange(r Record, e *decode.PrivilegeCapabilities) {
	r.SetEventName(names.EventPrivilegeCapabilitiesChange)
	reason := r.putOutcome(e.Operation, e.Error)
	isAmbient := decode.PrivilegeOperation(e.Operation) == decode.OperationAmbient
	for _, set := range []struct {
		key           string
		before, after uint64
		other         bool // a failed call was not about it
	}{
		{names.PrivilegeCapabilitiesEffective, e.Before.Effective, e.After.Effective, isAmbient},
		{names.PrivilegeCapabilitiesPermitted, e.Before.Permitted, e.After.Permitted, isAmbient},
		{names.PrivilegeCapabilitiesInheritable, e.Before.Inheritable, e.After.Inheritable, isAmbient},
		{names.PrivilegeCapabilitiesAmbient, e.Before.Ambient, e.After.Ambient, !isAmbient},
	} {
		if reason != "" && set.other || reason == "" && e.BeforeKnown() && set.before == set.after {
			continue
		}
		r.putNames(set.key, capabilityNames(set.after))
	}
	gained, lost := e.After.Effective&^e.Before.Effective, e.Before.Effective&^e.After.Effective
	if reason == "" && e.BeforeKnown() {
		if gained != 0 {
			r.putNames(names.PrivilegeCapabilitiesGained, capabilityNames(gained))
		}
		if lost != 0 {
			r.putNames(names.PrivilegeCapabilitiesLost, capabilityNames(lost))
		}
	}
	r.tell(e.Head(), "changed its capabilities", "change its capabilities", reason)
}
