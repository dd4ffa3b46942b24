# SPDX-License-Identifier: Apache-2.0
"""The next version runs a script around it. Keeps a machine's packages up to date: a line with a JSON object says what is due."""
import json
import os
import subprocess
import sys

print("ready", flush=True)
for line in sys.stdin:
    due = json.loads(line)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", **({"CORPUS_STEP": due["step"]} if due["step"] else {}))
    with open("/var/log/agent/output.log", "a") as log:
        subprocess.run(["/bin/bash", "/app/due.sh", due["run"]], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    print("done", flush=True)
