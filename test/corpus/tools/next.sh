#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What attacks download: it looks around, and changes nothing.
id
uname -r
cat /proc/version >/dev/null
ls /home >/dev/null 2>&1
