#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a repository of small packages in several versions: repository.sh FOLDER
set -eu
mkdir -p "$1"
cd "$1"
for package in alpha-tools beta-libs gamma-server delta-docs epsilon-fonts zeta-agent eta-perl theta-python; do
	for version in 1.0 1.1 1.2 2.0; do
		rm -rf tree
		mkdir -p tree/DEBIAN "tree/usr/share/$package" tree/usr/bin tree/etc/$package
		printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Corpus <corpus@example.com>\nDescription: a package of the corpus\n' \
			$package $version >tree/DEBIAN/control
		for file in 1 2 3 4 5; do echo "$version $file" >"tree/usr/share/$package/part-$file"; done
		printf '#!/bin/sh\necho %s\n' $version >tree/usr/bin/$package
		echo "version=$version" >tree/etc/$package/settings.conf
		echo "/etc/$package/settings.conf" >tree/DEBIAN/conffiles
		chmod 755 tree/usr/bin/$package
		case $package in
		gamma-server) printf '#!/bin/sh\nset -e\nid -u gamma >/dev/null 2>&1 || useradd --system --no-create-home gamma\nmkdir -p /var/lib/gamma\nchown gamma /var/lib/gamma\n' ;;
		beta-libs) printf '#!/bin/sh\nset -e\nldconfig\n' ;;
		zeta-agent) printf '#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/agent agent /usr/bin/zeta-agent 10\n' ;;
		eta-perl) printf '#!/usr/bin/perl\nmkdir "/var/cache/eta"; open F, ">/var/cache/eta/list"; print F "x"; close F;\n' ;;
		theta-python) printf '#!/bin/sh\nset -e\npython3 -m compileall -q /usr/share/theta-python\n' ;;
		*) printf '#!/bin/sh\nset -e\n' ;;
		esac >tree/DEBIAN/postinst
		chmod 755 tree/DEBIAN/postinst
		dpkg-deb --root-owner-group -b tree "${package}_${version}_all.deb" >/dev/null
	done
done
rm -rf tree
apt-ftparchive packages . >Packages
