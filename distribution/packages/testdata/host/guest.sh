#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs, upgrades, removes and purges the package as an administrator of this machine would. Each check prints a line that begins
# with "host: ok" or "host: failed"; the one that ends it all is "host: end".
set -u
cd /packages
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

patience_s=300

check() { # what it is, then the command
	what=$1
	shift
	if said=$("$@" 2>&1); then
		echo "host: ok $what"
	else
		echo "host: failed $what: $*: $(echo "$said" | tail -n 12 | tr '\n' '|')"
	fi
}

not() { ! "$@"; }

eventually() { # the command
	waited=0
	until "$@" >/dev/null 2>&1; do
		waited=$((waited + 1))
		if [ "$waited" -ge "$patience_s" ]; then
			"$@"
			journalctl --no-pager -u meerkat | tail -n 8
			return 1
		fi
		sleep 1
	done
}

pid() { systemctl show --value --property MainPID meerkat; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; return 1; }; }
status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(pid)/status"; }
# The process that is there since the last start or reload is meant.
ready() { journalctl --no-pager "_PID=$(pid)" | grep -q 'Everything is ready'; }
metric() { curl --silent --fail "http://127.0.0.1:$1/metrics" | grep -q "$2"; }
api() { curl --silent --fail --unix-socket /run/meerkat/control.sock "http://meerkat$1"; }
tracers_run() {
	for tracer in process file tcp udp dns socket privilege injection mount signal oom crash; do
		metric 8888 "otelcol_ebpf_tracer_state{.*state=\"running\",tracer=\"$tracer\".*} 1" || { echo "$tracer does not run"; return 1; }
	done
}
seen() { # a mark
	/bin/true "$1"
	grep -q "$1" /var/log/meerkat/events.json
}
nothing_left() {
	left=$(find /etc /usr /var/lib /var/log /run -name '*meerkat*' -not -name '*meerkat-test*')
	is "$left" ""
}

echo "host: kernel $(uname -r), systemd $(systemctl --version | head -n 1), perf_event_paranoid $(cat /proc/sys/kernel/perf_event_paranoid)"

# A new host.
check "installs" dpkg --install 1.deb
check "is enabled" systemctl is-enabled meerkat
check "is started" eventually ready
check "runs" systemctl is-active meerkat
check "is an ordinary user" is "$(ps -o user= -p "$(pid)")" meerkat
check "can't get more" is "$(status NoNewPrivs)$(status Seccomp)" 12
# 0xc020201004 without CAP_SYS_ADMIN, which is bit 21.
check "has what the kernel asks for" is "$(status CapEff)" 000000c000201004
check "all tracers run" eventually tracers_run
check "sees what is executed" eventually seen meerkat-host-first
check "counts for Prometheus" eventually metric 9464 meerkat_process_execs_total
check "answers root" api /v1/tracers
check "is not for everybody" not setpriv --reuid nobody --regid nogroup --clear-groups curl --silent --fail --unix-socket /run/meerkat/control.sock http://meerkat/v1/tracers
check "answers its group" setpriv --reuid nobody --regid nogroup --groups "$(getent group meerkat | cut -d: -f3)" curl --silent --fail --unix-socket /run/meerkat/control.sock http://meerkat/v1/tracers
check "learns" eventually test -e /var/lib/meerkat/state
check "keeps to itself" is "$(stat -c %a:%U:%G /var/lib/meerkat /var/log/meerkat | tr '\n' ' ')" "750:meerkat:meerkat 750:meerkat:meerkat "
check "fits into its memory" is "$(sed -n 's/^oom_kill //p' /sys/fs/cgroup/system.slice/meerkat.service/memory.events)" 0
echo "host: memory $(cat /sys/fs/cgroup/system.slice/meerkat.service/memory.peak 2>/dev/null || cat /sys/fs/cgroup/system.slice/meerkat.service/memory.current) bytes"
echo "host: security $(systemd-analyze security --no-pager meerkat | tail -n 1)"
check "complains of nothing" not sh -c "journalctl --no-pager -u meerkat | grep -P '\t(warn|error)\t'"

# A configuration that is wrong, and one that is not.
before=$(pid)
cp /etc/meerkat/config.yaml kept.yaml
echo "wrong: true" >>/etc/meerkat/config.yaml
check "refuses what is wrong" not systemctl reload meerkat
check "goes on" is "$(pid)" "$before"
cp kept.yaml /etc/meerkat/config.yaml
echo "# changed by the administrator" >>/etc/meerkat/config.yaml
check "takes what is right" systemctl reload meerkat
check "sees on" eventually seen meerkat-host-reloaded
check "is the same process" is "$(pid)" "$before"

# The next version, whose configuration is another one.
touch /var/lib/meerkat/state/kept
check "is upgraded" dpkg --install --force-confold 2.deb
check "is another process" not is "$(pid)" "$before"
check "is started again" eventually ready
check "keeps what was changed" grep -q "changed by the administrator" /etc/meerkat/config.yaml
check "lays the new one beside" test -e /etc/meerkat/config.yaml.dpkg-dist
check "keeps what was learned" test -e /var/lib/meerkat/state/kept
check "sees what is executed then" eventually seen meerkat-host-upgraded

# With the kernel's own default it needs less.
sysctl --quiet kernel.perf_event_paranoid=2
rm /etc/systemd/system/meerkat.service.d/perf-event-paranoid.conf
systemctl daemon-reload
systemctl restart meerkat
check "has four capabilities" is "$(status CapEff)" 000000c000001004
check "all tracers run with four" eventually tracers_run
check "sees with four" eventually seen meerkat-host-four

# It goes, comes back, and goes for good.
check "is removed" dpkg --remove meerkat
check "is stopped" not pgrep otelcol-meerkat
check "leaves what was learned" test -e /var/lib/meerkat/state/kept -a -e /etc/meerkat/config.yaml
check "can not be started" not systemctl start meerkat
check "comes back" dpkg --install 2.deb
check "is enabled again" systemctl is-enabled meerkat
check "is started after all" eventually ready
check "still has what was learned" test -e /var/lib/meerkat/state/kept
check "is purged" dpkg --purge meerkat
check "leaves no process" not pgrep otelcol-meerkat
check "leaves nothing" nothing_left
check "leaves no user" not getent passwd meerkat
check "leaves no group" not getent group meerkat
echo "host: end"
