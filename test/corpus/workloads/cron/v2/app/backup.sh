#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -e
work=$(mktemp -d /backup/work.XXXXXX)
sqlite3 /srv/index.db ".backup $work/index.db" || true
tar cf - -C / srv var/log/app | xz -T1 >"$work/files.tar.xz"
openssl enc -aes-256-cbc -pbkdf2 -pass pass:corpus -in "$work/files.tar.xz" -out "/backup/data-$(date +%s%N).enc"
rm -rf "$work"
ls -1t /backup/data-*.enc | tail -n +4 | xargs -r rm -f
