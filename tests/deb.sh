#!/bin/bash
# A Debian package of what `make install` puts in place.  O=build VERSION=0.1.0 tests/deb.sh
set -eu
O=${O:-build}
arch=$(dpkg --print-architecture)
root=$O/deb/imprint_${VERSION}_$arch
rm -rf "$O/deb"
mkdir -p "$root/DEBIAN"
make --no-print-directory O="$O/deb/obj" PREFIX=/usr DESTDIR="$root" install >/dev/null
strip "$root/usr/bin/imprint"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
install -D -m 644 LICENSE "$root/usr/share/doc/imprint/copyright"
mkdir -p "$O/deb/debian"
printf 'Source: imprint\n\nPackage: imprint\nArchitecture: any\n' >"$O/deb/debian/control"
depends=$(cd "$O/deb" && dpkg-shlibdeps -O "imprint_${VERSION}_$arch/usr/bin/imprint" 2>/dev/null | sed 's/^shlibs:Depends=//')
cat >"$root/DEBIAN/control" <<CONTROL
Package: imprint
Version: $VERSION
Architecture: $arch
Maintainer: imprint <imprint@localhost>
Section: utils
Priority: optional
Depends: $depends
Recommends: pcscd, libccid
Description: first identity for LwM2M devices
 Generates persistent or non-persistent bootstrap credential sets, writes them
 into flash images or smartcard files over PC/SC, proves each one with the
 reader that ships in the device, and records it in a ledger.
CONTROL
dpkg-deb --root-owner-group --build "$root" "$O/imprint_${VERSION}_$arch.deb" >/dev/null
echo "$O/imprint_${VERSION}_$arch.deb"
