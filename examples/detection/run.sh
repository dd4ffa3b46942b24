#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts detection on this machine, as ../quickstart/run.sh starts the quickstart.
#
#   run.sh [BINARY]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
MEERKAT_DATA=${MEERKAT_DATA:-$here/data}
MEERKAT_CONFIG=$here/config.yaml
export MEERKAT_DATA MEERKAT_CONFIG
cat <<END
Incidents, and the events that are part of them: $MEERKAT_DATA/incidents.json
Incidents that are known, for root:              curl --unix-socket /run/meerkat/control.sock http://meerkat/v1/incidents
END
exec "$here/../quickstart/run.sh" "$@"
