#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e

getent group meerkat >/dev/null || groupadd --system meerkat
getent passwd meerkat >/dev/null ||
	useradd --system --gid meerkat --no-create-home --home-dir /var/lib/meerkat --shell /sbin/nologin --comment Meerkat meerkat
