#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts the tracers of this folder on this machine and undoes on exit what it did to it.
#
#   run.sh [BINARY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-$here/../../bin/otelcol-meerkat}
MEERKAT_TRACERS=$here
export MEERKAT_TRACERS
tracefs=/sys/kernel/tracing

if [ "$(id -u)" != 0 ]; then
	echo "Kernel events need privileges: run this as root." >&2
	exit 1
fi

mounted=
collector=

stop() {
	trap - EXIT INT TERM
	if [ -n "$collector" ]; then
		kill -TERM "$collector" 2>/dev/null || true
		wait "$collector" || true
	fi
	if [ -n "$mounted" ]; then
		umount "$tracefs" || true
	fi
}
trap stop EXIT
trap 'exit 0' INT TERM

if [ ! -e "$tracefs/events" ]; then
	mount -t tracefs tracefs "$tracefs"
	mounted=yes
fi

cat <<END
Events of fsync-latency:               below, as they happen; try: sync /dev/null
Histogram and gauge, for Prometheus:   curl http://127.0.0.1:9464/metrics
Both tracers and how they do:          curl --unix-socket /run/meerkat/control.sock http://meerkat/v1/tracers
Metrics of the collector about itself: curl http://127.0.0.1:8888/metrics
Ctrl-C ends it.

END
"$binary" --config "$here/config.yaml" &
collector=$!
status=0
wait "$collector" || status=$?
collector=
exit "$status"
