#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was learned and what was configured stay when the package is removed, and go when it is purged.
set -e

if [ "$1" = remove ] && [ -x /usr/bin/deb-systemd-helper ]; then
	deb-systemd-helper mask meerkat.service >/dev/null || true
fi
if [ "$1" = purge ]; then
	if [ -x /usr/bin/deb-systemd-helper ]; then
		deb-systemd-helper purge meerkat.service >/dev/null || true
		deb-systemd-helper unmask meerkat.service >/dev/null || true
	fi
	rm -f /etc/systemd/system/meerkat.service.d/perf-event-paranoid.conf /etc/meerkat/environment
	for folder in /etc/systemd/system/meerkat.service.d /etc/meerkat; do
		[ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
	done
	rm -rf /var/lib/meerkat /var/log/meerkat
	if [ -x /usr/sbin/deluser ] && getent passwd meerkat >/dev/null; then
		deluser --system --quiet meerkat
	fi
	if [ -x /usr/sbin/delgroup ] && getent group meerkat >/dev/null; then
		delgroup --system --quiet --only-if-empty meerkat || true
	fi
fi
if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
