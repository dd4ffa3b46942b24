// SPDX-License-Identifier: Apache-2.0

package controlapiextension

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/meerkat-otel/meerkat/internal/controlapi"
)

// peer is who opened a connection to a Unix socket, as the kernel tells: the ids at that moment.
type peer struct {
	uid    uint32
	groups []uint32
}

// overflowID is what the kernel shows for users and groups of other user namespaces: it may be anybody.
const overflowID = 65534

// errPeerUnknown is for systems that don't tell who is at the other end.
var errPeerUnknown = errors.New("this system does not tell who is at the other end of a Unix socket")

// peers says what users of this host may do.
type peers struct {
	// own is the collector's user.
	own uint32
	// operators is the group of operators, if there is one.
	operators *uint32
}

func newPeers(operatorGroup string) (peers, error) {
	p := peers{own: uint32(max(0, os.Geteuid()))}
	if operatorGroup == "" {
		return p, nil
	}
	gid, err := groupID(operatorGroup)
	if err != nil {
		return p, fmt.Errorf("operator_group: %w", err)
	}
	if gid == overflowID {
		return p, fmt.Errorf("operator_group: %q stands for all groups that this host does not know; take another one", operatorGroup)
	}
	p.operators = &gid
	return p, nil
}

// groupID understands names and numbers of groups.
func groupID(group string) (uint32, error) {
	if gid, err := strconv.ParseUint(group, 10, 32); err == nil {
		return uint32(gid), nil
	}
	found, err := user.LookupGroup(group)
	if err != nil {
		return 0, fmt.Errorf("%q is no group of this host, and no number: %w", group, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q has an id that is no number: %q", group, found.Gid)
	}
	return uint32(gid), nil
}

// role of somebody who could connect.
func (p peers) role(who peer) controlapi.Role {
	switch {
	case who.uid == 0,
		who.uid == p.own && who.uid != overflowID,
		p.operators != nil && slices.Contains(who.groups, *p.operators):
		return controlapi.RoleOperator
	default:
		return controlapi.RoleViewer
	}
}

// userName is what people call a user: the id, where there is no name.
func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if found, err := user.LookupId(id); err == nil && found.Username != "" {
		return found.Username
	}
	return id
}
