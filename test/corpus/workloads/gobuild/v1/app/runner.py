# SPDX-License-Identifier: Apache-2.0
"""Runs jobs of a build server, each in a folder of its own. A job is a line with a JSON object."""
import json
import os
import shutil
import subprocess
import sys

print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    job = json.loads(line)
    folder = f"/builds/{job['name']}-{number}"
    os.makedirs(folder)
    with open(folder + "/job.sh", "w") as f:
        f.write(job["run"] + "\n")
    environment = dict(os.environ, HOME="/root", **({"CORPUS_STEP": job["step"]} if job["step"] else {}))
    with open(folder + "/job.log", "w") as log:
        subprocess.run(["/bin/bash", "-e", folder + "/job.sh"], cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    if not os.path.exists(folder + "/keep"):
        shutil.rmtree(folder, ignore_errors=True)
    print("done", flush=True)
