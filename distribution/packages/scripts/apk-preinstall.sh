#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e

addgroup -S meerkat 2>/dev/null || true
adduser -S -D -H -h /var/lib/meerkat -s /sbin/nologin -G meerkat -g Meerkat meerkat 2>/dev/null || true
