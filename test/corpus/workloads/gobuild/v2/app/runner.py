# SPDX-License-Identifier: Apache-2.0
"""The next version: other folders, another shell. Runs jobs of a build server, each in a folder of its own. A job is a line with a JSON object."""
import json
import os
import shutil
import subprocess
import sys

print("ready", flush=True)
for number, line in enumerate(sys.stdin):
    job = json.loads(line)
    folder = f"/work/jobs/{job['name']}-{number}"
    os.makedirs(folder)
    with open(folder + "/step_script", "w") as f:
        f.write(job["run"] + "\n")
    environment = dict(os.environ, HOME="/root", **({"CORPUS_STEP": job["step"]} if job["step"] else {}))
    with open(folder + "/output", "w") as log:
        subprocess.run(["/bin/sh", "-ex", folder + "/step_script"], cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    if not os.path.exists(folder + "/keep"):
        shutil.rmtree(folder, ignore_errors=True)
    print("done", flush=True)
