# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# The examples of src/reader/PORTING.md: part of amalgam.sh, which has judge(), $out and $host.

# All compile, and what can run here runs.
for example in tests/device/examples/*.c tests/device/examples/zephyr/*.c; do
	for cc in gcc clang; do
		$cc -std=c99 -Wall -Wextra -Wpedantic -Werror -O1 -I"$out" -Itests/device/examples/for_test \
			-Itests/device/examples/zephyr/for_test -DCONFIG_IMPRINT_BUFFER=1024 \
			-c "$example" -o "$out/example.o"
		judge "$cc compiles $example" $?
	done
done
gcc -std=c99 -O1 -I"$out" tests/device/examples/linux_mtd.c "$out/imprint_reader.c" -o "$out/linux_mtd" &&
	"$out/linux_mtd" "$out/slots/nosec" 1024 >"$out/1.txt" && grep -q '^/0/0/0 26 octets' "$out/1.txt"
judge "linux_mtd reads a slot" $?
! "$out/linux_mtd" "$out/slots/nosec" 64 >"$out/1.txt" && grep -q '^damaged' "$out/1.txt"
judge "linux_mtd refuses what does not fit into its slot" $?

# Slots with tags of an independent writer, the payload ending everywhere in a block of AES.
python3 - "$out/slots" <<'EOF'
import pathlib, sys
sys.path.insert(0, "tests/golden")
import make_slot
for n in range(16):
    res = make_slot.tlv(0, b"coap://" + b"h" * (20 + n)) + make_slot.tlv(1, b"\1") + make_slot.tlv(2, b"\3")
    ef = bytes([0, 1, 0, len(res) + 8, 0, 0, 0, 0, len(res) + 3, 8, 0, len(res)]) + res
    slot = make_slot.slot(ef, 2048, generation=7, key=make_slot.KEY)
    pathlib.Path(sys.argv[1], "tagged-%d" % n).write_bytes(slot)
forged = bytearray(slot)
forged[64 + (len(ef) + 31) // 32 * 32 + 15] ^= 1
pathlib.Path(sys.argv[1], "forged").write_bytes(forged)
EOF
# shellcheck disable=SC2086
gcc $host -I"$out" tests/device/examples/authentic.c tests/device/genuine.c "$out/imprint_reader.c" \
	-lcrypto -o "$out/genuine"
judge "a program that takes genuine slots" $?
genuine() { # FIRST-LINE SLOT [COUNTER]
	"$out/genuine" "$out/slots/$2" "${@:3}" >"$out/1.txt" && head -1 "$out/1.txt" | grep -qx "$1"
}
agree=0
for n in {0..15}; do
	genuine 'loaded, generation 7, counter 7, 3 resources' "tagged-$n" && agree=$((agree + 1))
done
[ $agree = 16 ]
judge "its AES-CMAC agrees with another one" $?
genuine 'not genuine.*, 0 resources' forged && ! genuine 'loaded.*' forged
judge "no slot with another tag" $?
genuine 'loaded, .*' psk_tagged 3 && genuine 'genuine, but older.*, 0 resources' psk_tagged 4 &&
	genuine 'not genuine.*, 0 resources' nosec
judge "no slot that is too old, and none without a tag" $?

# What Anjay and Wakaama are given: of a bootstrap account and two servers, of every resource that
# there is, and when they refuse an instance in the middle or the last one.
python3 - "$out/slots" <<'EOF'
import pathlib, sys
sys.path.insert(0, "tests/golden")
from make_slot import slot
for name in "psk_three_accounts", "multiple":
    ef = bytes.fromhex(pathlib.Path("tests/golden/ef", name + ".hex").read_text())
    pathlib.Path(sys.argv[1], name).write_bytes(slot(ef, 2048))
EOF
build_peers() { # PROGRAM FLAG EXAMPLES...
	local program=$1
	shift
	# shellcheck disable=SC2086
	gcc $host -I"$out" -Itests/device/examples/for_test "$@" tests/device/peers.c \
		"$out/imprint_reader.c" -o "$program"
}
show_peers() { # PROGRAM
	local client slot
	for client in anjay wakaama; do
		for slot in psk_three_accounts multiple "psk_three_accounts 3" "psk_three_accounts 5"; do
			echo "# $client $slot"
			# shellcheck disable=SC2086 # slot, and the instance to refuse
			"$1" $client "$out"/slots/$slot
		done
	done
}
anjay=tests/device/examples/anjay.c wakaama=tests/device/examples/wakaama.c
build_peers "$out/peers" -DANJAY_WITH_LWM2M11 $anjay $wakaama &&
	build_peers "$out/peers-1.0" -UANJAY_WITH_LWM2M11 $anjay $wakaama
judge "programs with a client" $?
show_peers "$out/peers" >"$out/1.txt"
cmp "$out/1.txt" tests/device/peers.txt
judge "clients are given what tests/device/peers.txt says" $?
"$out/peers-1.0" anjay "$out/slots/multiple" >"$out/1.txt" && ! grep -Eq ' (suite|retry) ' "$out/1.txt" &&
	grep -q '^/0/0 .* secret 1011' "$out/1.txt"
judge "Anjay without LwM2M 1.1 is given what it knows" $?
# The comparison can fail: what is known of a resource goes to its neighbour.
sed 's/^\tcase 11:/\tcase 12:/; t; s/^\tcase 12:/\tcase 11:/' $anjay >"$out/other.c"
build_peers "$out/other" -DANJAY_WITH_LWM2M11 "$out/other.c" $wakaama && show_peers "$out/other" >"$out/1.txt"
! cmp -s "$out/1.txt" tests/device/peers.txt
judge "another mapping is noticed" $?

# PORTING.md shows the examples as they are.
blocks=$(python3 tests/device/shown.py src/reader/PORTING.md) && [ "$blocks" -ge 3 ]
judge "code in PORTING.md is code of the examples" $?
sed 's/add(f)/add(f + 1)/' src/reader/PORTING.md >"$out/other.md"
! python3 tests/device/shown.py "$out/other.md" 2>/dev/null
judge "other code is noticed" $?
while read -r name; do
	[ -e "$name" ]
	judge "PORTING.md names $name" $?
done < <(grep -o 'tests/device/examples/[a-zA-Z_./]*' src/reader/PORTING.md | sort -u)
