#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Notes what is installed before and after what is done.
before=$(mktemp /var/log/agent/before.XXXXXX)
dpkg-query -W -f '${Package} ${Version}\n' | sort >"$before"
eval "$1"
dpkg-query -W -f '${Package} ${Version}\n' | sort | diff "$before" - >>/var/log/agent/changes.log
rm -f "$before"
