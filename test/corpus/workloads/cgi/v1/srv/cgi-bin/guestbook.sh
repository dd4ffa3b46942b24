#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A guest book. It trusts its visitors: what they send is read by a shell.
[ -n "$HTTP_X_STEP" ] && export CORPUS_STEP="$HTTP_X_STEP"
printf 'Content-Type: text/plain\r\n\r\n'
text=$(busybox httpd -d "$QUERY_STRING")
mkdir -p /srv/book
eval "echo $text" >>/srv/book/entries.txt 2>&1
tail -n 20 /srv/book/entries.txt
