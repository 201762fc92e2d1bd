#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The reader, as the two files that ship, booted in emulated devices on images that the tools wrote.
#
# use:  [O=build] tests/boot/run.sh [MACHINE|powercut-MACHINE]...        ends with "N passed, N failed"
# The verdict of a boot is its exit code: 0 loaded, or the number of enum imr_status (others: firmware.c),
# 97 flash was written, 99 exception.  No boot leaves a key in RAM; every field
# that a device shows is compared with what `imprint boot` says of the same image on the host.
set -u
cd "$(dirname "$0")/../.." || exit 1
imprint=${O:-build}/imprint
out=${O:-build}/boot
two=${O:-build}/amalgam
passed=0 failed=0

# machine    core        code at    RAM at     RAM size slots at    slot    erase    most instructions
machines="
microbit      cortex-m0+ 0x00000000 0x20000000 0x4000 0x0003e000 0x1000  0x400   95000
netduinoplus2 cortex-m4  0x08000000 0x20000000 0x8000 0x080f0000 0x1000  0x1000  72000
mps2-an505    cortex-m33 0x10000000 0x38000000 0x8000 0x10100000 0x1000  0x1000  72000
virt          rv32       -          -          -      0x22000000 0x40000 0x40000 90000"

judge() { # WHAT, 0 when it holds
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $machine: $1"
		tail -n 7 "$out/console" "$out/why" 2>/dev/null | cut -c1-100 | sed 's/^/    | /'
	fi
}

need() { # a step without which nothing can be judged
	"$@" || { echo "FAILED: $*"; cat "$out/link.log" 2>/dev/null; exit 1; }
}

# ---- firmware ----------------------------------------------------------------------------------

firmware() { # NAME READER [FLAGS]: builds $out/NAME.elf for the machine
	local name=$1 reader=$2 slots
	shift 2
	slots="-DSLOT_A=${slots_at}U -DSLOT_B=$(printf '0x%xU' $((slots_at + slot))) -DSLOT_SIZE=${slot}U"
	local flags="-std=gnu11 -Os -Wall -Wextra -Werror -ffreestanding -nostdlib -DIMP_SMALL $slots
		-ffunction-sections -fdata-sections
		-Wl,--gc-sections -fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns -I$two -Itests/device"
	local files="$reader tests/device/show.c tests/boot/memory.c tests/boot/firmware.c"
	# shellcheck disable=SC2086 # words
	if [ "$core" = rv32 ]; then
		need riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -mcmodel=medany $flags "$@" \
			-Wl,--no-warn-rwx-segments -T tests/boot/riscv.ld tests/boot/board_riscv.c $files -lgcc -o "$out/$name.elf"
	else
		need arm-none-eabi-gcc -mcpu="${core/+/plus}" -mthumb $flags "$@" -T tests/boot/arm.ld \
			-Wl,--defsym=FLASH_AT="$code_at",--defsym=RAM_AT="$ram_at",--defsym=RAM_SIZE="$ram" \
			tests/boot/board_arm.c $files -lgcc -o "$out/$name.elf" 2>"$out/link.log"
		need arm-none-eabi-objcopy -O binary "$out/$name.elf" "$out/$name.bin"
	fi
}

address() { # ELF SYMBOL, without the mark of Thumb code
	echo $((0x$(nm "$1" | awk -v s="$2" '$3 == s { print $1 }') & ~1))
}

# ---- boots -------------------------------------------------------------------------------------

boot() { # FIRMWARE IMAGE [arguments of the emulator]: sets code; IMAGE - for none, X.hex by its addresses
	local elf=$1 image=$2
	shift 2
	if [ "$core" = rv32 ]; then
		rm -f "$nor"
		truncate -s 32M "$nor" # a bank of exactly this size, sparse
		[ "$image" = - ] || dd if="$image" of="$nor" conv=notrunc status=none
		set -- qemu-system-riscv32 -M virt -bios "$elf" -drive if=pflash,unit=1,format=raw,file="$nor" "$@"
	else
		case $image in
		-) ;;
		*.hex) set -- -device loader,file="$image" "$@" ;;
		*) set -- -device loader,file="$image",addr="$slots_at",force-raw=on "$@" ;;
		esac
		case $elf in
		*.elf) set -- -kernel "$elf" "$@" ;;
		*) set -- -device loader,file="$elf",addr="$code_at",force-raw=on "$@" ;;
		esac
		set -- qemu-system-arm -M "$machine" -semihosting-config enable=on,target=native -serial null "$@"
	fi
	rm -f "$out/console"
	timeout 20 "$@" -nographic -monitor none </dev/null >"$out/console" 2>&1
	code=$?
	if [ "$core" = rv32 ] && [ "$image" != - ]; then
		cmp -s -n "$(stat -c %s "$image")" "$image" "$nor" || code=97 # the device wrote
	fi
}

host() { # IMAGE: what the host says of it; the sets are made for tests
	(umask 077 && "$imprint" boot --layout "$out/layout.yaml" --flash "$1" --json --reveal-secrets \
		>"$out/host.json" 2>"$out/host.err")
}

agree() { # the console and the host
	python3 tests/boot/compare.py "$out/console" "$out/host.json" >"$out/why" 2>&1
}

try() { # WHAT WANTED_CODE SOURCE IMAGE [HOST_IMAGE]: boots the good reader and judges
	boot "$out/reader.elf" "$4"
	[ "$code" = "$2" ] && grep -q "^source $3" "$out/console"
	judge "$1: exit $code, wanted $2 and source $3" $?
	host "${5:-$4}"
	agree
	judge "$1: the host says otherwise" $?
}

damage() { # IN OUT WHAT [SLOT]
	need python3 tests/boot/damage.py "$out/$1" "$out/$2" "$3" "${4:-0}"
}

# ---- images ------------------------------------------------------------------------------------

build() { # OUT SET [FLAGS]
	need "$imprint" --quiet image build --layout "$out/layout.yaml" --set "$2" --out "$out/$1" --force "${@:3}" >"$out/why"
}

images() {
	printf 'description: slots of %s\nbase: %s\nsize: %s\nerase: %s\nprogram: 4\nslots: [0, %s]\nslot-size: %s\n' \
		"$machine" "$slots_at" $((2 * slot)) "$erase" "$slot" "$slot" >"$out/layout.yaml"
	build good.bin tests/boot/meter-600.json
	build good.hex tests/boot/meter-600.json --encode ihex
	build both.bin "$psk" --update "$out/good.bin"
	damage both.bin second.bin erased
	damage both.bin fallback.bin payload-bit "$slot"
	damage both.bin unfinished.bin uncommitted "$slot"
	damage both.bin gone.bin payload-bit
	damage gone.bin gone.bin payload-bit "$slot"
	damage good.bin crc.bin payload-bit
	damage good.bin zeros.bin blank-00
	damage good.bin ones.bin blank-ff
	damage good.bin cut.bin truncated
	damage good.bin newer.bin newer
	damage good.bin wrong.bin wrong-payload
	damage good.bin empty.bin length-zero
	damage good.bin beyond.bin length-beyond
	damage good.bin reserved.bin reserved
	damage both.bin wrap.bin wrapped
	damage wrap.bin wrap.bin generation-0 "$slot"
}

# ---- what is tried on every machine ------------------------------------------------------------

slots_of_all_kinds() {
	try "good slot" 0 slot-a "$out/good.bin"
	try "certificates" 0 slot-a "$out/x509.bin"
	try "two slots" 0 slot-b "$out/both.bin"
	try "second slot only" 0 slot-b "$out/second.bin"
	try "second slot damaged" 0 slot-a "$out/fallback.bin"
	try "second slot unfinished" 0 slot-a "$out/unfinished.bin"
	try "generation after the last one" 0 slot-b "$out/wrap.bin"
	try "bad CRC" 2 nothing "$out/crc.bin"
	try "both slots damaged" 2 nothing "$out/gone.bin"
	try "blank 00" 1 nothing "$out/zeros.bin"
	try "blank FF" 1 nothing "$out/ones.bin"
	try "nothing programmed" 1 nothing - "$out/zeros.bin"
	try "newer format" 3 nothing "$out/newer.bin"
	try "wrong payload" 2 nothing "$out/wrong.bin"
	try "length 0" 2 nothing "$out/empty.bin"
	try "length beyond the slot" 2 nothing "$out/beyond.bin"
	try "reserved field that is not zero" 2 nothing "$out/reserved.bin"
	# What the file lacks reads as 00 in the device.
	cp "$out/cut.bin" "$out/cut-padded.bin"
	truncate -s $((2 * slot)) "$out/cut-padded.bin"
	try "truncated" 2 nothing "$out/cut.bin" "$out/cut-padded.bin"
}

forms_of_images() { # the same area as Intel HEX, and as a part of the whole flash
	[ "$core" = rv32 ] && return
	try "Intel HEX" 0 slot-a "$out/good.hex" "$out/good.bin"
	need "$imprint" --quiet image merge --encode bin --force --out "$out/whole.bin" \
		"$out/reader.bin@$code_at" "$out/both.bin@$slots_at" >"$out/why"
	boot "$out/whole.bin" -
	[ "$code" = 0 ]
	judge "whole flash: exit $code" $?
	host "$out/both.bin"
	agree
	judge "whole flash: the host says otherwise" $?
}

by_batch() { # an image of a batch, in the layout of this machine
	local work=$out/batch
	[ "$core" = cortex-m0+ ] || return
	rm -rf "$work"
	mkdir -p "$work"
	need sh factory/profiles/make-pki.sh "$work/pki" >"$out/why"
	sed "s|layout: .*|layout: ../layout.yaml|" factory/profiles/psk-persistent.yaml >"$work/profile.yaml"
	printf 'serial\n1\n2\n' >"$work/devices.csv"
	need "$imprint" --quiet batch new --ledger "$work/l.db" --profile "$work/profile.yaml" \
		--devices "$work/devices.csv" --name b >"$out/why"
	need "$imprint" --quiet batch run --ledger "$work/l.db" --batch b --out "$work" >"$out/why"
	try "image of a batch" 0 slot-a "$work/2.hex"
}

odd() { # slots and buffer at odd addresses: a word read from there is a fault on this core
	[ "$core" = cortex-m0+ ] || return
	local slots_at=$((slots_at + 1)) image more
	firmware odd "$two/imprint_reader.c" -DODD
	for image in good both x509; do
		head -c $((2 * slot - 1)) "$out/$image.bin" >"$out/odd.bin" # to the end of flash
		boot "$out/odd.elf" "$out/odd.bin"
		host "$out/$image.bin"
		[ "$code" = 0 ] && agree
		judge "odd addresses, $image.bin: exit $code" $?
	done
	for more in '' x xx xxx xxxx xxxxx xxxxxx xxxxxxx; do # each length modulo 8
		sed "s|coaps://bs.example.com|&$more|" tests/boot/store-account.json >"$out/longer.json"
		build longer.bin "$out/longer.json" 2>"$out/why"
		head -c $((2 * slot - 1)) "$out/longer.bin" >"$out/odd.bin"
		boot "$out/odd.elf" "$out/odd.bin"
		host "$out/longer.bin"
		[ "$code" = 0 ] && agree
		judge "odd addresses, ${#more} octets more: exit $code" $?
	done
	head -c $((2 * slot - 1)) "$out/good.bin" >"$out/odd.bin"
	firmware word "$two/imprint_reader.c" -DODD -DWORD
	boot "$out/word.elf" "$out/odd.bin"
	[ "$code" = 99 ]
	judge "control: a word read from there: exit $code" $?
}

bits() { # single bits of header and mark, octets of the payload: never loaded
	local bit octet
	for ((bit = 0; bit < 320; bit += 13)); do
		damage good.bin bit.bin bit-$bit
		boot "$out/reader.elf" "$out/bit.bin"
		[ "$code" = 2 ] || [ "$code" = 3 ]
		judge "bit $bit of the slot: exit $code" $?
	done
	for ((octet = 0; octet < 600; octet += 41)); do
		damage good.bin bit.bin payload-octet-$octet
		boot "$out/reader.elf" "$out/bit.bin"
		[ "$code" = 2 ]
		judge "octet $octet of the payload: exit $code" $?
	done
}

# Budget: instructions of one load, and of a device that loads twice as the control.
counts() {
	local options instructions loaded stores rest
	count() { # ELF
		options=begin=$(address "$1" measure_begin),end=$(address "$1" measure_end)
		boot "$1" "$out/good.bin" -plugin "$count,$options,from=$slots_at,to=$((slots_at + 2 * slot))"
		read -r _ instructions _ loaded _ stores rest < <(grep '^instructions' "$out/console")
	}
	count "$out/reader.elf"
	printf '%-14s %-14s 600 octets: %6d instructions of %d, %d octets of flash read, %d stores\n' "$machine" \
		"$core" "$instructions" "$most" "$loaded" "$stores"
	[ "$code" = 0 ] && [ -z "$rest" ] && [ "$instructions" -gt 600 ] && [ "$instructions" -le "$most" ]
	judge "instructions: $instructions of $most" $?
	[ "$stores" = 0 ]
	judge "stores into flash: $stores" $?
	# Both headers, that of the chosen slot again, and its payload.
	[ "$loaded" -le $((3 * 64 + 600)) ] && [ "$loaded" -ge $((2 * 64 + 600)) ]
	judge "octets read from flash: $loaded" $?
	count "$out/twice.elf"
	[ "$instructions" -gt "$most" ] && [ "$loaded" -gt $((3 * 64 + 600)) ]
	judge "control: a second load is noticed, $instructions instructions" $?
	count "$out/stray.elf"
	[ "$stores" = 1 ]
	judge "control: a store into the slot is noticed, $stores" $?
}

# Each judgement must be able to fail.
controls() {
	local image
	for image in crc wrong; do
		boot "$out/careless.elf" "$out/$image.bin"
		[ "$code" = 0 ]
		judge "control: a reader that checks nothing takes $image.bin: exit $code" $?
	done
	boot "$out/keep.elf" "$out/good.bin"
	[ "$code" = 96 ]
	judge "control: a key that stays in RAM: exit $code" $?
	boot "$out/reader.elf" "$out/good.bin"
	host "$out/both.bin"
	! agree
	judge "control: another set than the host's" $?
	host "$out/good.bin"
	sed -i 's/"value":86400/"value":86401/' "$out/host.json"
	! agree && [ "$(wc -l <"$out/why")" = 1 ] && grep -q '(1, 0, 1, None)' "$out/why"
	judge "control: one field that differs" $?
}

# The same set by this reader and by a general CBOR parser, on the host.
peer() {
	local what sizes
	need gcc -std=c11 -O2 -g -Wall -Wextra -Werror -I"$two" tests/boot/peer.c "$two/imprint_reader.c" -lcbor \
		-o "$out/peer"
	need "$imprint" --quiet set convert tests/boot/meter-600.json --to senml-cbor --out "$out/600.cbor" --force
	sizes="payload 600 octets, SenML CBOR $(stat -c %s "$out/600.cbor")"
	declare -A ran=()
	for what in slot_by_reader payload_by_reader cbor_by_libcbor; do
		valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=$what \
			"$out/peer" "$good" "$out/600.cbor" >"$out/console" 2>&1
		code=$?
		ran[$what]=$(sed -n 's/.*Collected : //p' "$out/console")
		[ $code = 0 ] && [ "${ran[$what]:-0}" -gt 600 ]
		judge "$what on the host: exit $code, ${ran[$what]:-no} instructions" $?
	done
	echo "on the host: ${ran[slot_by_reader]} instructions from slots, ${ran[payload_by_reader]} from the payload" \
		"alone, ${ran[cbor_by_libcbor]} by libcbor ($sizes)"
	[ "${ran[payload_by_reader]}" -lt "${ran[cbor_by_libcbor]}" ]
	judge "the payload takes no more instructions than libcbor needs for its tree" $?
}

# ---- all of it ---------------------------------------------------------------------------------

on_machine() { # everything for one machine, in a folder of its own
	out=$out/$machine
	nor=$out/nor.img
	mkdir -p "$out"
	images
	build x509.bin tests/boot/meter-x509.json
	firmware reader "$two/imprint_reader.c"
	firmware careless "$careless"
	firmware twice "$two/imprint_reader.c" -DTWICE
	firmware stray "$two/imprint_reader.c" -DSTRAY
	firmware keep "$two/imprint_reader.c" -DKEEP
	slots_of_all_kinds
	forms_of_images
	by_batch
	odd
	[ "$core" != cortex-m0+ ] || bits
	counts
	controls
	rm -f "$nor"
	echo "$machine: $passed passed, $failed failed"
}

machine=host
mkdir -p "$out"
began=$(date +%s)
need python3 tests/device/amalgam.py "$two"
# A reader that takes any CRC and any payload: what must not pass, passes with it.
careless=$out/careless.c
sed -e 's/!= slot\.crc)$/!= slot.crc \&\& 0)/' -e 's/^\(\t*\)if (file\.n == 0 || imp_ef_extent(file) != file\.n.*)$/\1if (visit)\n\1\t(void)visit(ctx, \&(struct imr_resource){ 0 });\n\1if (visit)\n\1\treturn IMR_GOOD;\n&/' \
	"$two/imprint_reader.c" >"$careless"
need gcc -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC tests/boot/count.c -o "$out/count.so"
count=$out/count.so
psk=$out/psk.ef
need "$imprint" --quiet set convert tests/boot/meter-psk.json --to ef --out "$psk" --force
tested=()
two_at_a_time() { # NAME COMMAND...: its output, which ends with its counts, into NAME.log
	local name=$1
	shift
	tested+=("$name")
	[ "$(jobs -rp | wc -l)" -lt 2 ] || wait -n
	"$@" >"$out/$name.log" 2>&1 </dev/null &
}

guests() { # Linux guests, each a script of its own
	local guest
	for guest in tests/boot/guest_*.sh; do
		timeout 170 bash "$guest" >"$out/guest.log" 2>&1 || grep -q ' [1-9][0-9]* failed$' "$out/guest.log" ||
			echo "FAILED: $guest did not come to its end"
		grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$out/guest.log"
		count_of "$out/guest.log"
	done
	echo "guests: $passed passed, $failed failed"
}

count_of() { # LOG: adds its last counts; without any it did not come to its end
	local p='' f=''
	read -r p f < <(sed -nE 's/^(.*: )?([0-9]+) passed, ([0-9]+) failed$/\2 \3/p' "$1" | tail -1)
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-1}))
}

# Those that take longest come first.
for machine in virt microbit; do
	[ $# = 0 ] || [[ " $* " == *" powercut-$machine "* ]] || continue
	two_at_a_time "powercut-$machine" tests/boot/powercut.sh "$machine"
done
[ $# != 0 ] || two_at_a_time guests guests
while read -r machine core code_at ram_at ram slots_at slot erase most; do
	[ -n "$machine" ] || continue
	[ $# = 0 ] || [[ " $* " == *" $machine "* ]] || continue
	good=${good:-$out/$machine/good.bin}
	two_at_a_time "$machine" on_machine
done <<<"$machines"
wait
machine=host
[ -z "${good-}" ] || peer
for name in "${tested[@]}"; do
	cat "$out/$name.log"
	count_of "$out/$name.log"
done
echo "took $(($(date +%s) - began)) s"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
