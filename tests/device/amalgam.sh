#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The two files in which the reader ships: made, compiled alone, looked at, and run next to the
# library on the same slots.
#
# use:  [O=build] tests/device/amalgam.sh        ends with "N passed, N failed"
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${O:-build}/amalgam
passed=0 failed=0

judge() { # WHAT, 0 when it holds
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
	fi
}

compile() { # CC FLAGS... -o OBJECT SOURCE: with nothing but the two files
	local cc=$1
	shift
	"$cc" -std=c99 -ffreestanding -Wall -Wextra -Werror -Os -I"$out" "$@" -c
}

alone() { # OBJECT: shows imr_ names only, needs the four memory functions only
	! nm -g --defined-only "$1" | grep -v ' T imr_' &&
		! nm -u "$1" | grep -Ev ' U (memcpy|memset|memcmp|memmove)$' &&
		! nm "$1" | grep ' [bBdDC] '
}

python3 tests/device/amalgam.py "$out"
judge "the two files are made" $?
for cc in gcc clang; do
	for small in -DIMP_LARGE -DIMP_SMALL; do
		compile $cc $small "$out/imprint_reader.c" -o "$out/$cc.o"
		judge "$cc $small compiles them" $?
		alone "$out/$cc.o"
		judge "$cc $small: nothing but imr_ shown, nothing but memory functions needed, no static data" $?
	done
done

# C++ takes the header as it is, and finds what C has made of the source.
printf '#include "imprint_reader.h"\nenum imr_status (*load)(const struct imr_config *, struct imr_report *) = imr_load;\n' >"$out/other.cpp"
clang -x c++ -ffreestanding -Wall -Wextra -Werror -I"$out" -c "$out/other.cpp" -o "$out/other.o" &&
	nm -u "$out/other.o" | grep -q ' U imr_load$'
judge "C++ takes the header" $?

# The look at symbols can fail: in each way once.
stray() { # LINE
	{ cat "$out/imprint_reader.c"; echo "$1"; } >"$out/stray.c"
	compile gcc "$out/stray.c" -o "$out/stray.o" && ! alone "$out/stray.o" >/dev/null
	judge "noticed: $1" $?
}
stray 'int stray(void); int stray(void) { return 0; }'
stray 'int imr_stray(const char *); int puts(const char *); int imr_stray(const char *s) { return puts(s); }'
stray 'int *imr_stray(void); int *imr_stray(void) { static int kept; kept++; return &kept; }'

# The same program, once with the two files and once with the library's sources.
mkdir -p "$out/library"
echo '#include "reader/imr.h"' >"$out/library/imprint_reader.h"
host="-std=c11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all"
# shellcheck disable=SC2086 # the flags are meant to be split
{
	gcc $host -I"$out" tests/device/{area,show}.c "$out/imprint_reader.c" -o "$out/area" &&
		gcc $host -I"$out/library" -Isrc tests/device/{area,show}.c src/base/{rd,wr,span,crc32,secret}.c \
			src/codec/*_dec.c src/reader/*.c -o "$out/library/area"
}
judge "a program with either" $?

# Slots, and each with a single bit flipped in header, mark and the beginning of the payload.
rm -rf "$out/slots"
python3 - "$out/slots" tests/golden/slot/*.hex <<'EOF'
import pathlib, sys
out = pathlib.Path(sys.argv[1])
out.mkdir()
for path in map(pathlib.Path, sys.argv[2:]):
    slot = bytes.fromhex(path.read_text())
    (out / path.stem).write_bytes(slot)
    for bit in range(0, 8 * 128, 5):
        flipped = bytearray(slot)
        flipped[bit // 8] ^= 1 << bit % 8
        (out / ("%s-%d" % (path.stem, bit))).write_bytes(flipped)
EOF
same() { # PROGRAM: finds in all slots what the library finds
	"$1" "$out"/slots/* >"$out/1.txt" && cmp -s "$out/1.txt" "$out/2.txt"
}
"$out/library/area" "$out"/slots/* >"$out/2.txt" && same "$out/area"
judge "the two files and the library find the same" $?
loaded=$(grep -c '^loaded' "$out/2.txt") damaged=$(grep -c '^damaged' "$out/2.txt")
echo "the same from both: $loaded slots loaded, $damaged damaged"
[ "$loaded" -ge 2 ] && [ "$damaged" -gt 200 ]
judge "good slots and bad ones are among them" $?

# The comparison can fail: one line of the reader changed.
sed 's/!= slot\.crc)$/!= 0 * slot.crc)/' "$out/imprint_reader.c" >"$out/other.c"
# shellcheck disable=SC2086
! cmp -s "$out/other.c" "$out/imprint_reader.c" &&
	gcc $host -I"$out" tests/device/{area,show}.c "$out/other.c" -o "$out/other" && ! same "$out/other"
judge "another reader is noticed" $?

. tests/device/examples.sh

echo "$passed passed, $failed failed"
[ $failed = 0 ]
