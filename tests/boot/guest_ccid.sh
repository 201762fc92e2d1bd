#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A USB card reader with a softcard in a Linux guest: through pcscd, libccid and libusb as they are
# installed here, and through imprint's own reader without pcscd.
#
# use:  [O=build] tests/boot/guest_ccid.sh       ends with "N passed, N failed"
# The same cards are written and read on the host first; the guest must say the same.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2034 # for host.sh
guest=ccid
. tests/boot/guest/host.sh
umask 077
PATH=$PATH:/usr/sbin:/sbin
drivers=/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents
data=$work/root/data

on_host() { # NAME SET: a blank card written; its state, its payload and what boot says of it
	cp "$data/blank.json" "$data/$1.card"
	# shellcheck disable=SC2016 # for the shell inside
	need tests/e2e/pcsc_bench.sh --card "$data/$1.card" -- bash -c 'cd "$1" &&
		"$IMPRINT" --quiet card write --reader 0 --set "$3" --adm-file adm &&
		"$IMPRINT" --quiet card read --reader 0 --out "$2.ef" &&
		"$IMPRINT" boot --reader 0 --json --reveal-secrets >"$2.json"' - "$data" "$1" "$2" >"$work/why" 2>&1
}

cards() {
	local hex
	mkdir -p "$data"
	printf 12345678 >"$data/adm"
	printf 1234 >"$data/pin"
	cp tests/boot/meter-600.json "$data/set.json"
	need "$imprint" --quiet card emulate --state "$data/blank.json" --create-only
	on_host meter "$PWD/tests/boot/meter-600.json"
	# 564 octets: the last read of 52 makes a message of 64.
	sed 's/\(area-12\.\)\{4\}area//' tests/boot/meter-600.json >"$work/whole.json"
	on_host whole "$work/whole.json"
	[ "$(stat -c %s "$data/whole.ef")" = 564 ]
	judge "the payload that fills packets has $(stat -c %s "$data/whole.ef") octets" $?
	# One octet of the payload, in the middle of a URI.
	hex=$(od -An -v -tx1 "$data/meter.ef" | tr -d ' \n')
	sed "s/$hex/${hex:0:800}7a${hex:802}/" "$data/meter.card" >"$data/changed.card"
	[ "$(cmp -l "$data/meter.card" "$data/changed.card" | wc -l)" -gt 0 ]
	judge "one card is not like the other" $?
}

need kernel
need make --no-print-directory -s O="$O" "$O/tests/boot/guest/ccid_gadget" >"$work/why"
cards
program "$imprint" bin/imprint
program "$O/tests/boot/guest/ccid_gadget" bin/ccid_gadget
program /usr/sbin/pcscd usr/sbin/pcscd /lib/x86_64-linux-gnu/libgcc_s.so.1 # by pthread_exit()
program $drivers/Linux/libccid.so $drivers/Linux/libccid.so
put $drivers/Info.plist $drivers/Info.plist
need modules dummy_hcd libcomposite usb_f_fs
need pack
launch "$work/console"
count "$work/console"
conclude
