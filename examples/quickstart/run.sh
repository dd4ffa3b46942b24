#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts the quickstart on this machine and undoes on exit what it did to it.
#
#   run.sh [BINARY]
#
# Events go to $MEERKAT_DATA/events.json (default: the folder data beside this file). MEERKAT_CONFIG names another configuration.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
binary=${1:-$here/../../bin/otelcol-meerkat}
MEERKAT_DATA=${MEERKAT_DATA:-$here/data}
export MEERKAT_DATA
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

mkdir -p "$MEERKAT_DATA"
cat <<END
Kernel events, one JSON document per line:   $MEERKAT_DATA/events.json
Metrics of workloads, for Prometheus:        http://127.0.0.1:9464/metrics
Metrics of the collector about itself:       http://127.0.0.1:8888/metrics
What can be looked at and changed, for root: curl --unix-socket /run/meerkat/control.sock http://meerkat/v1/openapi.json
Ctrl-C ends it.

END
"$binary" --config "${MEERKAT_CONFIG:-$here/config.yaml}" &
collector=$!
status=0
wait "$collector" || status=$?
collector=
exit "$status"
