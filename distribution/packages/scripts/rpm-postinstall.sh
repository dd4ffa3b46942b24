#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Presets of the host say whether the service is enabled; nothing is started by an installation, as is the custom with rpm.
set -e

if [ "$1" -eq 1 ]; then
	/usr/libexec/meerkat/perf-event-paranoid.sh
fi
command -v systemctl >/dev/null || exit 0
if [ "$1" -eq 1 ]; then
	systemctl --no-reload preset meerkat.service >/dev/null 2>&1 || true
fi
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
