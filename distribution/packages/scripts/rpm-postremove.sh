#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was learned, what was logged and the user stay: rpm knows no purge.
set -e

if [ "$1" -eq 0 ]; then
	rm -f /etc/systemd/system/meerkat.service.d/perf-event-paranoid.conf
	rmdir /etc/systemd/system/meerkat.service.d 2>/dev/null || true
fi
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
	if [ "$1" -ge 1 ]; then
		systemctl try-restart meerkat.service >/dev/null || true
	fi
fi
