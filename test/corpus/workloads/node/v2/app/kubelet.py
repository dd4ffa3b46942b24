# SPDX-License-Identifier: Apache-2.0
"""The next version of what a node does on behalf of a cluster: it makes pods with runc, mounts their volumes, sets rules for packets, and takes all of it away."""
import json
import os
import shutil
import subprocess
import sys

PODS = "/var/lib/agent/pods/"


def call(*command, step=""):
    environment = dict(os.environ, **({"CORPUS_STEP": step} if step else {}))
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def start(pod):
    folder = PODS + pod
    os.makedirs(folder + "/mounts/projected")
    os.makedirs(folder + "/root/bin")
    call("mount", "-t", "tmpfs", "-o", "size=1m", "kubernetes", folder + "/mounts/projected")
    with open(folder + "/mounts/projected/token", "w") as f:
        f.write("secret")
    shutil.copy("/bin/busybox", folder + "/root/bin/busybox")
    call("iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-s", "10.99.0.0/24", "-m", "comment", "--comment", pod[:8], "-j", "RETURN")
    subprocess.run(["runc", "spec"], cwd=folder)
    with open(folder + "/config.json") as f:
        spec = json.load(f)
    spec["process"].update(terminal=False, args=["/bin/busybox", "sh", "-c", "/bin/busybox sleep 0.2; /bin/busybox true"])
    spec["root"].update(path="root", readonly=False)
    spec["linux"]["cgroupsPath"] = os.environ["NODE_CGROUP"] + "/pod" + pod
    with open(folder + "/config.json", "w") as f:
        json.dump(spec, f)
    with open("/var/log/pods/" + pod + ".log", "w") as log:
        subprocess.run(["runc", "--log", folder + "/runc.log", "run", "--no-pivot", "--bundle", folder, pod], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stop(pod):
    call("iptables-legacy", "-t", "nat", "-D", "POSTROUTING", "-s", "10.99.0.0/24", "-m", "comment", "--comment", pod[:8], "-j", "RETURN")
    call("runc", "delete", "--force", pod)
    call("umount", PODS + pod + "/mounts/projected")
    shutil.rmtree(PODS + pod, ignore_errors=True)


def probe():
    for name in os.listdir("/var/log/pods"):
        os.stat("/var/log/pods/" + name)
    call("nsenter", "-t", "1", "-n", "ip", "-br", "link")


def rotate():
    for name in sorted(os.listdir("/var/log/pods"))[:3]:
        os.rename("/var/log/pods/" + name, "/var/log/pods/" + name + ".1")
        call("xz", "-T1", "-f", "/var/log/pods/" + name + ".1")


print("ready", flush=True)
for line in sys.stdin:
    due = json.loads(line)
    if due["name"] == "pod":
        start(due["run"])
        stop(due["run"])
    elif due["name"] == "probe":
        probe()
    elif due["name"] == "rotate":
        rotate()
    elif due["name"] == "rules":
        call("iptables-legacy", "-t", "nat", "-L", "-n")
        call("ip", "-s", "link"); call("sysctl", "-n", "net.ipv4.ip_forward")
    elif due["name"] == "images":
        call("du", "-s", "/var/lib/agent")
        call("find", "/var/log/pods", "-name", "*.gz", "-mmin", "+1", "-delete")
    else:
        call("sh", "-c", due["run"], step=due["step"])
    print("done", flush=True)
