#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What was learned, what was logged and the user stay.
set -e

rc-service --ifstarted meerkat stop || true
rc-update --quiet delete meerkat 2>/dev/null || true
