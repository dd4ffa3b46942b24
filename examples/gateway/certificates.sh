#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes an authority, and certificates of it for gateways and agents, for a trial: for a year, and one for all agents. In earnest each
# host has its own, from whoever issues certificates where you are.
#
#   certificates.sh FOLDER [NAME]...
#
# The names are those by which agents call gateways (default: gateways gateway-0 gateway-1).
set -eu

folder=$1
shift
[ $# -gt 0 ] || set -- gateways gateway-0 gateway-1
mkdir -p "$folder"
cd "$folder"
umask 077

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

key ca
openssl req -x509 -new -key ca.key -sha256 -days 365 -subj "/CN=Meerkat's gateways" -out ca.crt
names=
for name in "$@"; do
	names="$names,DNS:$name"
done
printf 'extendedKeyUsage=serverAuth\nsubjectAltName=%s\n' "${names#,}" >gateway.ext
printf 'extendedKeyUsage=clientAuth\n' >agent.ext
for who in gateway agent; do
	key "$who"
	openssl req -new -key "$who.key" -subj "/CN=$who" |
		openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 365 -extfile "$who.ext" -out "$who.crt" 2>/dev/null
	rm "$who.ext"
done
rm -f ca.srl
chmod 644 ./*.crt
