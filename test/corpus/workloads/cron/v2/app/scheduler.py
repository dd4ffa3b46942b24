# SPDX-License-Identifier: Apache-2.0
"""The next version, with another shell. Runs jobs from /etc/cron.d when their time has come, which lines on the standard input say. What is new there is found by itself."""
import json
import os
import subprocess
import sys


def jobs(name):
    for file in sorted(os.listdir("/etc/cron.d")):
        for line in open("/etc/cron.d/" + file):
            if line.startswith("#") or "\t" not in line:
                continue
            title, command = line.rstrip("\n").split("\t", 1)
            if title == name:
                yield command


def run(command, step):
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "SHELL": "/bin/bash"}
    if step:
        environment["CORPUS_STEP"] = step
    subprocess.run(["/bin/bash", "-lc", command], env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


print("ready", flush=True)
for line in sys.stdin:
    due = json.loads(line)
    with open("/var/log/app/app.log", "a") as log:
        log.write(due["run"] * 20 + "\n")
    for command in jobs(due["name"]) if due["name"] else [due["run"]]:
        run(command, due["step"])
    print("done", flush=True)
