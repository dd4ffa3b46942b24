#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a machine: prepares it as a distribution would, runs the tests, and switches the
# machine off. The host reads the lines that start with "vm:".

/bin/busybox mkdir -p /bin /sbin /usr/bin /usr/sbin /proc /sys /dev /tmp /run /var/tmp /etc /root
[ -e /bin/sh ] || /bin/busybox ln -s dash /bin/sh
# Where there is no better tool already.
/bin/busybox --install -s
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm /run/lock
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -s /proc/self/fd /dev/fd
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs security /sys/kernel/security

if [ "$VM_CGROUPS" != unified ]; then
	mount -t tmpfs cgroups /sys/fs/cgroup
	for controller in cpu,cpuacct memory pids; do
		mkdir "/sys/fs/cgroup/$controller"
		mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
	done
	if [ "$VM_CGROUPS" = hybrid ]; then
		mkdir /sys/fs/cgroup/unified
		mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
	fi
else
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
# The kernel's own default. With Debian's, 3, CAP_PERFMON is not enough for tracepoints.
echo 2 >/proc/sys/kernel/perf_event_paranoid
# Before 5.11 the memory of maps counts against it, and the least privileges don't allow to raise it.
ulimit -l unlimited
ip link set lo up
for module in /modules/*; do
	busybox insmod "$module"
done
hostname machine
export MEERKAT_TEST_COMPAT=/compat

echo
echo "vm: up"
cd /tests
find . -name package.test | sort | while read -r binary; do
	package=${binary#./}
	package=${package%/package.test}
	echo "vm: start $package"
	cd "/tests/$package"
	./package.test -test.v -test.timeout=30m ${VM_SKIP:+-test.skip="$VM_SKIP"} ${VM_RUN:+-test.run="$VM_RUN"} </dev/null 2>&1
	echo "vm: exit $package $?"
done
echo "vm: end"
poweroff -f
