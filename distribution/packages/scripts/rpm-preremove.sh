#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e

# 0 packages are left: it is removed, not upgraded.
if [ "$1" -eq 0 ] && command -v systemctl >/dev/null; then
	if [ -d /run/systemd/system ]; then
		systemctl --no-reload disable --now meerkat.service >/dev/null 2>&1 || true
	else
		systemctl --no-reload disable meerkat.service >/dev/null 2>&1 || true
	fi
fi
