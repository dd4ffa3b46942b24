# SPDX-License-Identifier: Apache-2.0
"""Writes the orders of a month to a file."""
import csv
import sqlite3
import sys

with open(f"/srv/cache/report-{sys.argv[1]}.csv", "w") as f:
    csv.writer(f).writerows(sqlite3.connect("/srv/data/shop.db").execute("select * from orders"))
print("written")
