#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Is the first process of the node, in namespaces of its own. Its argument is the folder with the node's state. When its
# standard input ends, because the cluster is stopped or the test was killed, it ends all that runs on the node.
set -eu
state=$1

# What is mounted on the machine is seen here, and nothing the other way round. Within the node mounts are shared, which
# pods ask for that see what is mounted later.
mount --make-rshared /

# The node's own folders, at the places where everything expects them. What is mounted below them is not to be seen below
# the state's folder too.
for folder in run var/lib var/log; do
	mkdir -p "$state/$folder"
	mount --bind "$state/$folder" "/$folder"
	mount --make-private "/$folder"
	mount --make-shared "/$folder"
done

# Settings of the whole machine that a kubelet changes.
settings=
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
	kernel/keys/root_maxbytes; do
	settings="$settings $setting=$(cat /proc/sys/$setting)"
done

ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
echo ready

cat >/dev/null || true
set +e

# Processes of the node are in one of its namespaces, those of pods in cgroups of Kubernetes. Those that list them end before
# they are looked at.
mounts=$(readlink /proc/self/ns/mnt | tr -dc 0-9)
network=$(readlink /proc/self/ns/net | tr -dc 0-9)
running() {
	find /proc/[0-9]*/ns \( -lname "mnt:?$mounts?" -o -lname "net:?$network?" \) 2>/dev/null | cut -d / -f 3
	find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -name cgroup.procs -exec cat {} + 2>/dev/null
}
killed=1
while [ -n "$killed" ]; do
	killed=
	for process in $(running | sort -u); do
		if [ "$process" -ne $$ ] && kill -KILL "$process" 2>/dev/null; then
			killed="$killed $process"
		fi
	done
	[ -z "$killed" ] || echo "killed$killed"
	sleep 0.05
done

find /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods -depth -type d -exec rmdir {} \; 2>/dev/null
for setting in $settings; do
	[ "$(cat "/proc/sys/${setting%=*}")" = "${setting#*=}" ] || echo "${setting#*=}" >"/proc/sys/${setting%=*}"
done
