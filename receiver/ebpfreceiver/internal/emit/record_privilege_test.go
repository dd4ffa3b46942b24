// SPDX-License-Identifier: Apache-2.0

//go:build linux

package emit_test

import (
	"testing"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// privilegeScript has an event of each kind, and some that are refused.
const privilegeScript = `
su nobody -s /bin/sh -c true
setpriv --reuid 12 --regid 34 --groups 5,6,7 --inh-caps +kill --ambient-caps +kill --no-new-privs true
unshare --net --mount true
unshare --user --uts --map-root-user sh -c 'hostname meerkat; dmesg -C; unshare --pid true'
mkdir jail
busybox chroot jail /none
setpriv --securebits +noroot true
su nobody -s /bin/sh -c 'unshare --net true'
nsenter --target $$ --uts true
`

func recordPrivileges(t *testing.T) {
	sh, r := recordShell(t, privilegeScript, map[string]any{"window_ns": uint64(time.Hour)}, tracer.Process(), tracer.Privileges())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "privilege_changes", `
A shell's children change users and groups, capabilities and restrictions, namespaces and the root
directory. One of them becomes root of a user namespace, and uses a capability there.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("privilege", family))
	s.results("privilege")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzPrivilege", seedsOf(t, r.chosen("privilege", family)))
}

func recordMounts(t *testing.T) {
	sh, r := recordShell(t, `
mkdir disk bound moved
unshare --mount sh -c '
mount -t tmpfs -o nosuid,noexec first disk
busybox mount -t tmpfs second disk
busybox mount -o bind disk bound
busybox mount -o remount,bind,ro bound
busybox mount --make-private bound
busybox mount --move bound moved
umount -l moved
busybox umount disk'
unshare --mount perl -e '
($type, $source, $memory, $password, $unseen, $nothing, $disk) = ("tmpfs", "source", "memory", "password", "unseen", "", "disk");
$context = syscall(430, $type, 0);
syscall(431, $context, 1, $source, $memory, 0);
syscall(431, $context, 1, $password, $unseen, 0);
syscall(431, $context, 6, 0, 0, 0);
$mount = syscall(432, $context, 0, 8);
syscall(429, $mount, $nothing, -100, $disk, 4);'
su nobody -s /bin/sh -c 'busybox umount /'
`, nil, tracer.Process(), tracer.Mount())
	family := r.family(sh.command.Process.Pid)
	s := newScenario(t, "mount_operations", `
A shell in a mount namespace of its own mounts memory by the newer calls and by mount(), and part of it
again; makes that one read-only, keeps it to itself and moves it; unmounts both. Somebody else may not.`)
	s.addBefore(sh, r)
	s.addRecords(r.chosen("process", family))
	s.add("process logs", nil)
	s.addRecords(r.chosen("mount", family))
	s.results("mount")
	s.write()

	writeSeeds(t, "../decode/testdata/fuzz/FuzzMount", seedsOf(t, r.chosen("mount", family)))
}
