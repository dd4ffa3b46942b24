#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the named Debian packages where they are missing, and mounts what tests need, unless the first word is --packages-only.
set -eu

mount=yes
if [ "${1:-}" = --packages-only ]; then
	mount=
	shift
fi

missing=
for package in "$@"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
done
if [ -n "$missing" ]; then
	echo "Installing$missing"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ -n "$mount" ] && [ ! -e /sys/kernel/tracing/events ]; then
	mount -t tracefs tracefs /sys/kernel/tracing
fi
