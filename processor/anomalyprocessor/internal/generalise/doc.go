// SPDX-License-Identifier: Apache-2.0

// Package generalise takes out of paths, addresses and arguments what changes from one run to the next: numbers, dates,
// identifiers, names of temporary files, ports that the kernel chose.
//
// It is deterministic, bounded, and goes over the bytes once; generalising what was generalised changes nothing. It never
// generalises where an attacker would hide: in /etc, /usr, /bin, /lib, /root, .ssh, the folders of cron and systemd. It never
// allocates, and keeps nothing but its configuration.
package generalise
