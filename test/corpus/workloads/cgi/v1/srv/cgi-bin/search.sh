#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
printf 'Content-Type: text/plain\r\n\r\n'
grep -ri -- "$(echo "$QUERY_STRING" | tr -cd 'a-z')" /srv/book | sort | uniq -c | head -n 20
