#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the device reader and the bootstrap client need from outside: memcpy, memset, memcmp, memmove
# and compiler helpers, nothing else.
#
# use:  [O=build/device] tests/device/symbols.sh        prints others, exit 1 when there are any
set -eu
cd "$(dirname "$0")/../.."
out=${O:-build/device}/symbols
rm -rf "$out"
mkdir -p "$out"
wanted='^(memcpy|memset|memcmp|memmove|__gnu_thumb1_case_[a-z]+|__aeabi_[a-z0-9]+)$'

others() { # FILE.c...: symbols that the files together leave open
	local objects=()
	for f in "$@"; do
		arm-none-eabi-gcc -std=c99 -mcpu=cortex-m0plus -mthumb -Os -ffreestanding -Isrc -c "$f" \
			-o "$out/$(basename "$f" .c).o"
		objects+=("$out/$(basename "$f" .c).o")
	done
	arm-none-eabi-ld -r "${objects[@]}" -o "$out/all.o"
	arm-none-eabi-nm -u "$out/all.o" | awk '{print $2}' | grep -Ev "$wanted" || true
}

# crc32.c comes first, so that the proof below can leave it out.
reader=(src/base/{crc32,rd,wr,span,secret}.c src/reader/*.c src/codec/{access,der,ef,fcp,p15,slot,tlv}_dec.c
	src/codec/{ef,slot,tlv}_enc.c src/bootstrap/{client*,discover}.c)
left=$(others "${reader[@]}")
if [ -n "$left" ]; then
	printf 'the reader needs more than it should:\n%s\n' "$left"
	exit 1
fi
[ "$(others "${reader[@]:1}")" = imp_crc32 ] || { echo "FAILED: a missing file went unnoticed"; exit 1; }
echo "the reader needs memcpy, memset, memcmp, memmove and compiler helpers only"
