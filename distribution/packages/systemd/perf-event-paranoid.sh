#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Grants the service CAP_SYS_ADMIN where this kernel's kernel.perf_event_paranoid is above 2, as Debian and Ubuntu set it: CAP_PERFMON is not
# enough there to attach to tracepoints. Packages run it once, when they are installed for the first time.
set -eu

folder=/etc/systemd/system/meerkat.service.d
level=$(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null || echo 0)
[ "$level" -gt 2 ] || exit 0
mkdir -p "$folder"
cat >"$folder/perf-event-paranoid.conf" <<END
# kernel.perf_event_paranoid is $level here, so CAP_PERFMON is not enough for tracepoints. With 2 it is: set the sysctl
# and remove this file for the service to have less.
[Service]
AmbientCapabilities=CAP_SYS_ADMIN
CapabilityBoundingSet=CAP_SYS_ADMIN
END
echo "meerkat: kernel.perf_event_paranoid is $level, so the service gets CAP_SYS_ADMIN ($folder/perf-event-paranoid.conf)"
