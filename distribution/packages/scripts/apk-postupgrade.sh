#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e

rc-service --ifstarted meerkat restart || true
