#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Collector of a team with the Collector's own builder, unless it is there, and starts it on this machine.
#
#   run.sh
#
# What it takes in and gives out is in $YOURS_DATA (default: the folder data beside this file).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
YOURS_DATA=${YOURS_DATA:-$here/data}
export YOURS_DATA
collector=$here/_build/otelcol-yours

if [ "$(id -u)" != 0 ]; then
	echo "Kernel events need privileges: run this as root." >&2
	exit 1
fi
if [ ! -e "$collector" ]; then
	go tool -modfile=internal/tools/go.mod builder --config examples/existing-collector/manifest.yaml
fi
mkdir -p "$YOURS_DATA"
cat <<END
What your application logs goes to:  $YOURS_DATA/app.log
What it counts goes to:              127.0.0.1:8125, such as: echo orders:1\\|c | nc -u -w 1 127.0.0.1 8125
Its logs, and what the kernel saw:   $YOURS_DATA/logs.json
Its counts, and those of the kernel: $YOURS_DATA/metrics.json
Ctrl-C ends it.

END
exec "$collector" --config "$here/config.yaml"
