#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint boot --flash on partitions of raw flash (MTD character devices) in a Linux guest.
#
# use:  [O=build] tests/boot/guest_mtd.sh        ends with "N passed, N failed"
# A host file behind block2mtd, memory that the host filled behind phram, and blank RAM.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2034 # for host.sh
guest=mtd
. tests/boot/guest/host.sh
# shellcheck disable=SC2016 # the kernel wants the $
kernel_options='memmap=1M$0xe000000'

image() { # OUT SET [FLAGS]
	need "$imprint" --quiet image build --layout "$work/layout.yaml" --set "$2" --out "$work/$1.bin" "${@:3}" >"$work/why"
}

damage() { # IN OUT WHAT SLOT
	need python3 tests/boot/damage.py "$work/$1.bin" "$work/$2.bin" "$3" "$4"
}

document() { # IMAGE: what the host says of it, for the guest
	(umask 077 && "$imprint" boot --flash "$work/$1.bin" --json --reveal-secrets >"$work/$1.json" 2>"$work/why")
	echo $? >"$work/$1.code"
	put "$work/$1.code" "data/$1.code"
	put "$work/$1.json" "data/$1.json"
	put "$work/$1.bin" "data/$1.bin"
}

start() { # DISK CONSOLE
	cp "$work/$1.bin" "$work/disk.img"
	launch "$work/$2" -drive file="$work/disk.img",format=raw,if=virtio \
		-device loader,file="$work/damaged.bin",addr=0xe000000,force-raw=on
}

need kernel
cat >"$work/layout.yaml" <<END
description: factory partition of two slots
base: 0
size: 0x8000
erase: 0x1000
program: 4
slots: [0, 0x4000]
slot-size: 0x4000
END
image good tests/boot/meter-600.json
image both tests/boot/meter-psk.json --update "$work/good.bin"
damage both damaged payload-bit 0x4000
damage damaged gone payload-bit 0
damage both blank blank-ff 0
for what in both damaged gone blank; do
	document $what
done
# The one octet in which the two images differ, counted from 0.
cmp -l "$work/damaged.bin" "$work/gone.bin" | awk '{ print $1 - 1 }' >"$work/at"
[ "$(wc -l <"$work/at")" = 1 ]
judge "the damage is one octet" $?
put "$work/at" data/at
put "$work/layout.yaml" data/layout.yaml
program "$imprint" bin/imprint
need modules virtio_pci virtio_blk 'mtdram total_size=1024 erase_size=64' \
	'block2mtd block2mtd=/dev/vda,4096,factory' 'phram phram=spare,0xe000000,0x8000,0x1000'
need pack

start both console
count "$work/console"
cmp -s "$work/disk.img" "$work/both.bin"
judge "the device wrote nothing" $?

# A guest whose flash is not what the host looked at must say so, by its code.
start damaged control
[ "$code" -ge 1 ] && [ "$code" -le 100 ] && grep -q '^FAILED: factory partition: as on the host' "$work/control"
judge "control: one octet of the flash changed is not accepted: code $code" $?
conclude
