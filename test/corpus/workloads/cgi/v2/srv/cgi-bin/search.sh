#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
printf 'Content-Type: text/plain\r\n\r\n'
find /srv/book -type f -newer /srv/cgi-bin/search.sh -print0 | xargs -0 awk -v w="$QUERY_STRING" 'index($0, w)' | head -n 20
