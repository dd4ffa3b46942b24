// SPDX-License-Identifier: Apache-2.0

package behaviour

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func valid() Event {
	return Event{
		Workload: "shop/web", Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Process: ProcessKey{PID: 7},
		Action: Exec, Path: "/bin/sh",
	}
}

func TestValidate(t *testing.T) {
	for complaint, change := range map[string]func(*Event){
		"":                           func(*Event) {},
		"Workload is empty":          func(e *Event) { e.Workload = "" },
		"Time is 0001-01-01":         func(e *Event) { e.Time = time.Time{} },
		"Process has no PID":         func(e *Event) { e.Process.PID = 0 },
		"Action is 0":                func(e *Event) { e.Action = 0 },
		"Action is 200":              func(e *Event) { e.Action = 200 },
		"Path is empty":              func(e *Event) { e.Path = "" },
		"Target is empty":            func(e *Event) { e.Action = Rename },
		"Address and Peer are empty": func(e *Event) { e.Action = Connect },
		"Detail is empty":            func(e *Event) { e.Action = Privilege },
		"Arguments are 5000":         func(e *Event) { e.Arguments = make([]string, 5000) },
		"Path has 4097 bytes":        func(e *Event) { e.Path = strings.Repeat("x", 4097) },
	} {
		e := valid()
		change(&e)
		err := e.Validate()
		if complaint == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ErrInvalid, complaint)
		assert.ErrorContains(t, err, complaint)
	}
}

// What only an enrichment knows is never asked for.
func TestValidate_withoutMetadata(t *testing.T) {
	e := valid()
	e.Action, e.Path, e.Address = Connect, "", netip.MustParseAddr("10.0.0.1")
	assert.NoError(t, e.Validate())
	e.Action = Listen
	assert.NoError(t, e.Validate())
}

func TestAction_names(t *testing.T) {
	for action := Exec; action < actionEnd; action++ {
		parsed, ok := ParseAction(action.String())
		assert.True(t, ok, action)
		assert.Equal(t, action, parsed)
	}
	_, ok := ParseAction("dance")
	assert.False(t, ok)
	assert.Equal(t, "unknown", Action(0).String())
}

func TestSensitive(t *testing.T) {
	for _, test := range []struct {
		action       Action
		path, target string
		want         Sensitivity
	}{
		{Exec, "/bin/sh", "", Shell},
		{Exec, "/usr/bin/curl", "", Transfer},
		{Exec, "/usr/bin/gzip", "", Ordinary},
		{Exec, "/tmp/gzip", "", Volatile},
		{Exec, "/srv/.x", "", Volatile},
		{Exec, "/srv/shell", "", Ordinary},
		{Read, "/etc/shadow", "", Credentials},
		{Read, "/proc/12/environ", "", Credentials},
		{Read, "/run/secrets/kubernetes.io/serviceaccount/ca.crt", "", Credentials},
		{Read, "/etc/hosts", "", Ordinary},
		{Read, "/srv/.p.so", "", Volatile},
		{Read, "/tmp/x.so.1", "", Volatile},
		{Read, "/usr/lib/libc.so.6", "", Ordinary},
		{Write, "/home/a/.ssh/authorized_keys", "", Persistence},
		{Write, "/var/spool/cron/root", "", Persistence},
		{Rename, "/tmp/a", "/etc/ld.so.preload", Persistence},
		{Write, "/srv/data", "", Ordinary},
		{Delete, "/var/log/auth.log", "", Traces},
		{Delete, "/srv/data", "", Ordinary},
		{Mount, "/mnt", "", Intrusion},
	} {
		e := Event{Action: test.action, Path: test.path, Target: test.target}
		assert.Equal(t, test.want, e.Sensitive(), "%s %s %s", test.action, test.path, test.target)
	}
	assert.Equal(t, "shell", Shell.String())
	assert.Equal(t, "unknown", Sensitivity(99).String())
}
