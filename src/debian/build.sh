#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh DIRECTORY: builds both packages there, from the sources as they are.
set -eu
cd "$(dirname "$0")/../.."
out=$1
version=$(sed -n 's/^#define CERTFLEET_VERSION "\(.*\)"$/\1/p' src/base/program_version.h)
tree=$out/certfleet-$version

rm -rf "$out"
mkdir -p "$tree"
cp -R Makefile LICENSE README.md src schemas examples "$tree"
mv "$tree/src/debian" "$tree/debian"
# The text of a release belongs to the release; a package has its version alone.
cat >"$tree/debian/changelog" <<END
certfleet ($version) unstable; urgency=medium

  * Version $version.

 -- $(sed -n 's/^Maintainer: //p' src/debian/control)  $(date -R -r src/base/program_version.h)
END
cd "$tree"
dpkg-buildpackage --build=binary --no-sign --jobs=auto >../build.log 2>&1 || {
	tail -40 ../build.log >&2
	exit 1
}
cd ..
rm -rf "certfleet-$version"
ls -- *.deb
