#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts visits of a page, in a database since this version."""
import os
import sqlite3

with sqlite3.connect("/srv/counts.db", timeout=10) as d:
    d.execute("create table if not exists visits(page text)")
    d.execute("insert into visits values(?)", (os.environ.get("QUERY_STRING", ""),))
    print("Content-Type: text/plain\r\n\r\n%d" % d.execute("select count(*) from visits").fetchone())
