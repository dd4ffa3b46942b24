#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the home folder of the administrator.
set -eu
mkdir -p /root/notes /root/.ssh /root/tmp
for word in alpha bravo delta echo hotel india kilo lima oscar tango; do echo "$word is a host" >/root/notes/$word.txt; done
printf 'Host web\n  HostName 10.88.0.10\n' >/root/.ssh/config
ssh-keygen -q -t ed25519 -N '' -C admin@example.com -f /root/.ssh/id_ed25519
git init -q -b main /root/repo
cd /root/repo
echo first >readme.txt
git add .
git -c user.name=a -c user.email=a@example.com commit -qm first
echo second >>readme.txt
git -c user.name=a -c user.email=a@example.com commit -qam second
