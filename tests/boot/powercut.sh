#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Power lost at each operation of the account store on one emulated device: powercut.py says how.
#
# use:  [O=build] tests/boot/powercut.sh microbit|virt        ends with "N passed, N failed"
set -u
cd "$(dirname "$0")/../.." || exit 1
machine=$1
imprint=${O:-build}/imprint
two=${O:-build}/amalgam
out=${O:-build}/boot/powercut-$machine

need() { # a step without which nothing can be judged
	"$@" 2>"$out/why" || { echo "FAILED: $*"; cat "$out/why"; echo "0 passed, 1 failed"; exit 1; }
}

area() { # NAME SET: a factory area with the set in its first slot
	need "$imprint" --quiet image build --layout "$out/layout.yaml" --set "$2" --out "$out/$1.bin" --force >/dev/null
}

firmware() { # NAME [FLAGS]
	local name=$1
	shift
	local flags="-std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -nostdlib -DIMP_SMALL $places
		-ffunction-sections -fdata-sections -Wl,--gc-sections -fno-delete-null-pointer-checks
		-fno-tree-loop-distribute-patterns -I$two"
	local files="$two/imprint_reader.c tests/boot/memory.c tests/boot/store.c"
	# shellcheck disable=SC2086 # words
	if [ "$machine" = virt ]; then
		need riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -mcmodel=medany $flags "$@" \
			-Wl,--no-warn-rwx-segments -T tests/boot/riscv.ld tests/boot/board_riscv.c tests/boot/nor_cfi.c \
			$files -lgcc -o "$out/$name.elf"
	else
		need arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb $flags "$@" -T tests/boot/arm.ld \
			-Wl,--defsym=FLASH_AT=0,--defsym=RAM_AT=0x20000000,--defsym=RAM_SIZE=0x3f00 \
			tests/boot/board_arm.c tests/boot/nor_nvmc.c $files -lgcc -o "$out/$name.elf"
		need arm-none-eabi-objcopy -O binary "$out/$name.elf" "$out/$name.bin"
	fi
}

rm -rf "$out"
mkdir -p "$out"
case $machine in
microbit) # regions of two pages, a factory area of two slots, all below the end of flash
	store=0x3c000 region=0x800 block=0x400 factory=0x3d000 slot=0x400 slots=2 mail=0x20003f00
	;;
virt) # two sectors for regions, one for the factory slot, in the second bank
	store=0x22000000 region=0x40000 block=0x40000 factory=0x22080000 slot=0x40000 slots=1 mail=0x80100000
	;;
esac
places="-DSTORE_A=${store}U -DSTORE_B=$((store + region))U -DREGION=${region}U -DBLOCK=${block}U
	-DFACTORY=${factory}U -DFACTORY_SIZE=$((slots * slot))U -DSLOT_A=${factory}U
	-DSLOT_B=$((factory + (slots - 1) * slot))U -DSLOT_SIZE=${slot}U -DMAIL=${mail}U"
{
	printf 'description: factory area beside a store\nbase: %s\nsize: %s\nerase: %s\nprogram: 4\n' \
		$factory $((slots * slot)) $block
	printf 'slots: [0%s]\nslot-size: %s\n' "$([ $slots = 1 ] || echo ", $slot")" $slot
} >"$out/layout.yaml"
sed 's/3200/1/' tests/boot/store-account.json >"$out/once.json"
cp tests/boot/store-account.json "$out/factory.json"
area factory "$out/factory.json"
area at-once "$out/once.json"
firmware store
firmware wrong -DIN_PLACE
firmware hasty -DHASTY
set -o pipefail
python3 tests/boot/powercut.py "$machine" "$out" 2>&1 | grep -v 'Terminated via GDBstub' # the end of an emulator
