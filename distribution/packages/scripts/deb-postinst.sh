#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# As debhelper's scripts do it: the service is enabled and started unless the host's policy or its administrator says otherwise.
set -e

case "$1" in
configure)
	adduser --system --group --quiet --no-create-home --home /var/lib/meerkat --gecos Meerkat meerkat
	if [ -z "$2" ]; then
		/usr/libexec/meerkat/perf-event-paranoid.sh
	fi
	;;
esac

case "$1" in
configure | abort-upgrade | abort-deconfigure | abort-remove)
	deb-systemd-helper unmask meerkat.service >/dev/null || true
	if deb-systemd-helper --quiet was-enabled meerkat.service; then
		deb-systemd-helper enable meerkat.service >/dev/null || true
	else
		deb-systemd-helper update-state meerkat.service >/dev/null || true
	fi
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -n "$2" ]; then action=restart; else action=start; fi
		deb-systemd-invoke $action meerkat.service >/dev/null || true
	fi
	;;
esac
