#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A device that boots from partitions of raw flash: what the host said of the same images is in /data.
# shellcheck source=tests/boot/guest/init_lib.sh
. /lib.sh
load_modules

node() { # NAME: sets mtd
	mtd=/dev/$(sed -n "s/^\(mtd[0-9]*\): .*\"$1\"\$/\1/p" /proc/mtd)
	[ -c "$mtd" ]
	judge "partition $1 is there: $mtd" $?
}

as_on_host() { # WHAT DOCUMENT NODE [OPTION]...
	what=$1 document=$2
	shift 2
	run boot --json --reveal-secrets --flash "$@"
	[ "$code" = "$(cat "/data/$document.code")" ] && cmp -s /run/out "/data/$document.json"
	judge "$what: as on the host" $?
}

node factory
soon [ -c "$mtd"ro ]
as_on_host "factory partition" both "$mtd"
grep -q '"source":"slot-b","generation":2' /run/out
judge "factory partition: the newer slot" $?
as_on_host "factory partition by layout" both "$mtd" --layout /data/layout.yaml
dd if=/data/damaged.bin of="${mtd}ro" bs=4096 2>/run/err
[ $? != 0 ]
judge "the read-only node takes no octet" $?
as_on_host "read-only node" both "${mtd}ro"
as_on_host "read-only node by layout" both "${mtd}ro" --layout /data/layout.yaml

node spare
as_on_host "one octet of slot B changed" damaged "$mtd"
at=$(cat /data/at)
dd if=/data/gone.bin of="$mtd" bs=1 count=1 skip="$at" seek="$at" conv=notrunc 2>/run/err
judge "one octet of slot A is changed" $?
as_on_host "both slots changed" gone "$mtd"
run boot --flash "$mtd"
[ $code = 3 ] && grep -q 'the device loads nothing' /run/err && grep -q 'slot A' /run/err
judge "both slots changed: one message" $?

node 'mtdram test device'
as_on_host "blank partition" blank "$mtd"
dd if=/data/both.bin of="$mtd" bs=4096 2>/run/err
judge "the image goes into a partition of a mebibyte" $?
as_on_host "partition larger than the area" both "$mtd"
run boot --flash "$mtd" --layout /data/layout.yaml
[ $code = 3 ] && grep -q '1048576 octets' /run/err
judge "partition of another size than the layout's" $?
run boot --flash /dev/mtd9
[ $code = 4 ] && grep -q '/dev/mtd9' /run/err
judge "no such partition" $?
finish
