# SPDX-License-Identifier: Apache-2.0
"""Counts the lines of the log."""
import os
import tempfile

with tempfile.NamedTemporaryFile("w", dir="/var/reports", delete=False) as f:
    f.write(str(sum(1 for _ in open("/var/log/app/app.log"))))
os.rename(f.name, "/var/reports/today")
