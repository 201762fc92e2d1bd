#!/bin/bash
# imprint image as it is used, step after step in one folder: exit code, result and message of each,
# JSON wherever --json stands, and what --dry-run leaves alone.  Ends with "N passed, N failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
I=${IMPRINT:-${O:-build}/imprint}
case $I in /*) ;; *) I=$PWD/$I ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

judge() { # what, 0 when it holds
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		sed 's/^/    | /' out err
	fi
}

# exit code, part of the result, part of the message, command; "-" : there must be none
step() {
	local want=$1 result=$2 message=$3 rc bad=0
	shift 3
	"$I" "$@" >out 2>err </dev/null
	rc=$?
	[ "$rc" = "$want" ] || bad=1
	if [ "$result" = - ]; then [ ! -s out ] || bad=1; else grep -qF -- "$result" out || bad=1; fi
	if [ "$message" = - ]; then [ ! -s err ] || bad=1; else grep -qF -- "$message" err || bad=1; fi
	judge "imprint $* (exit $rc)" $bad
	case " $* " in
	*' --json '*)
		python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]' <out
		judge "imprint $*: JSON Lines" $?
		;;
	esac
}

sed 's/^    layout: .*/    layout: stm32-2k/' "$tree/factory/profiles/psk-persistent.yaml" >psk.yaml
sh "$tree/factory/profiles/make-pki.sh" pki
printf 'serial\n1\n2\n' >d.csv
"$I" --quiet batch new --ledger l.db --profile psk.yaml --devices d.csv --name b >out 2>err &&
	"$I" --quiet batch run --ledger l.db --batch b --out . >out 2>err
judge "the batch that gives the sets" $?
for i in 1 2; do step 0 - "$i.ef: " set convert $i.hex --to ef --out $i.ef; done
one="--set 1.ef --layout stm32-2k"

# shellcheck disable=SC2086 # $one is several words
{
	step 0 'u.bin: slot A, generation 4' - image build $one --out u.bin --generation 4
	step 7 - 'u.bin: exists already' image build $one --out u.bin
	step 2 - '--update goes one on by itself' image build $one --out u.bin --update u.bin --generation 9
	step 0 '"slot":"B","generation":5' - image build $one --out u.bin --update u.bin --json
	step 0 '(not written)' - image build $one --out none.bin --dry-run
	step 2 - 'which set?' image build --layout stm32-2k --out none.bin
	step 3 - "layout 'none'" image build --set 1.ef --layout none --out none.bin
	step 2 - '--encode srec' image build $one --out none.bin --encode srec
}
[ ! -e none.bin ] && [ "$(stat -c %a u.bin)" = 600 ]
judge "files that are there, and their mode" $?

step 0 'u.bin: good, slot B' - image verify --layout stm32-2k --set 1.ef u.bin
step 6 - 'u.bin: read back: octets outside' image verify --layout stm32-2k --set 1.ef --fresh u.bin
step 6 - 'u.bin: read back: another payload' image verify --layout stm32-2k --set 2.ef u.bin
printf junk >junk.bin
step 3 '2.hex: good' 'junk.bin: 4 octets' image verify --layout stm32-2k junk.bin u.bin 2.hex
step 3 '2.hex: good' '1 of 3 images are not good' image verify --layout stm32-2k junk.bin u.bin 2.hex
step 3 '"file":"u.bin","verified":true' 'junk.bin' image verify --layout stm32-2k junk.bin u.bin --json

step 0 'all.hex: 0x08000000 to 0x0803ffff (not written)' - \
	image merge --out all.hex u.bin@0x8000000 1.hex --dry-run
[ ! -e all.hex ]
judge "--dry-run of merge writes nothing" $?
step 0 'all.hex: 0x08000000 to 0x0803ffff' - image merge --out all.hex u.bin@0x8000000 1.hex
step 7 - '--force replaces it' image merge --out all.hex u.bin@0x8000000 1.hex
step 0 '"from":134217728,"to":134479871,"written":true' - \
	image merge --json --force --out all.hex u.bin@0x8000000 1.hex
step 2 - 'at which address' image merge --out x.hex u.bin
step 3 - 'overlap' image merge --out x.hex u.bin@0x0803E000 1.hex
printf ':00000001FF\r\n' >none.hex
step 3 - 'none.hex: Intel HEX without data' image merge --out x.hex none.hex
step 3 - 'none.hex: Intel HEX without data' image merge --out x.hex 1.hex none.hex
step 2 - "behind '@'" image merge --out x.hex u.bin@010
step 2 - '1.hex: Intel HEX says itself' image merge --out x.hex 1.hex@0x1000
printf ':raw' >colon.bin
step 0 'x.hex: 0x00001000 to 0x00001003' - image merge --out x.hex colon.bin@0x1000
rm -f x.hex

# Where the processor starts: records of type 03 and 05, kept when those who say it agree.
printf ':0400000508000101ED\r\n:0410000001020304E2\r\n:00000001FF\r\n' >app.hex
printf ':0420000001020304D2\r\n:0400000508000101ED\r\n:00000001FF\r\n' >agrees.hex
printf ':0430000001020304C2\r\n:0400000508000201EC\r\n:00000001FF\r\n' >other.hex
printf ':0430000001020304C2\r\n:0400000308000101EF\r\n:00000001FF\r\n' >segment.hex
printf ':0400000508000101ED\r\n:0430000001020304C2\r\n:0400000508000201EC\r\n:00000001FF\r\n' >both.hex
starts() { # the record, or none
	[ "$(grep '^:0400000[35]' x.hex | tr -d '\r')" = "$1" ]
}
step 0 'x.hex: 0x00001000 to 0x0803ffff, start 0x08000101' - image merge --out x.hex app.hex 1.hex
starts :0400000508000101ED
judge "the start address is kept" $?
[ "$(tail -1 x.hex | tr -d '\r')" = :00000001FF ] && [ "$(grep -c :00000001FF x.hex)" = 1 ]
judge "one end record, behind it" $?
step 0 '"start":134217985,"written":true' - image merge --json --force --out x.hex agrees.hex app.hex
starts :0400000508000101ED
judge "one that they agree on is kept" $?
step 0 '(not written)' 'app.hex starts at 0x08000101 and other.hex at 0x08000201' \
	image merge --dry-run --out n.hex app.hex agrees.hex other.hex
step 0 'x.hex: 0x00001000 to 0x00003003' 'no start address is written' image merge --force --out x.hex app.hex other.hex
starts ''
judge "different ones are left out" $?
step 0 x.hex 'no start address' image merge --force --out x.hex app.hex segment.hex
starts ''
judge "03 and 05 are different" $?
step 0 x.hex 'both.hex: several start addresses' image merge --force --out x.hex both.hex app.hex
starts ''
judge "two in one file are left out" $?
step 0 x.hex - image merge --force --out x.hex segment.hex
starts :0400000308000101EF
judge "a segment address is kept" $?
step 0 x.bin - image merge --encode bin --out x.bin app.hex other.hex
srec_cat app.hex -intel 1.hex -intel -o srec.hex -intel >out 2>err && "$I" image merge --force --out x.hex app.hex 1.hex >out 2>err &&
	srec_cmp x.hex -intel srec.hex -intel >out 2>err
judge "srec_cat makes the same of it, the start included" $?
rm -f x.hex
"$I" image merge --encode bin --out b.bin u.bin@0 >out 2>err && cmp -s u.bin b.bin
judge "merge of one file is that file" $?

step 7 - 'not confirmed' image wipe u.bin
step 0 '8192 octets would be overwritten' - image wipe --dry-run u.bin
"$I" image verify --layout stm32-2k u.bin >out 2>err
judge "what was not confirmed is whole" $?
step 0 '"wiped":true,"removed":false' - image wipe --yes --keep --json u.bin
[ "$(tr -d '\377' <u.bin | wc -c)" = 0 ] && [ "$(stat -c %s u.bin)" = 8192 ]
judge "a wiped image is blank" $?
step 0 '"bytes":8192,"wiped":true,"removed":true' - image wipe --yes --json u.bin
step 4 - 'u.bin: No such file' image wipe --yes u.bin

# Several files: one that cannot be wiped does not save the others.
for n in 1 2 3; do cp 1.hex w$n.hex; done
step 4 'w1.hex: wiped and removed' '3 of 6 files were not wiped' image wipe --yes w1.hex junk.bin w2.hex none.bin w3.hex nil.hex
grep -q '^imprint: junk.bin: not an image' err && grep -q '^imprint: none.bin: No such file' err && [ -s junk.bin ]
judge "each of them is named" $?
[ ! -e w1.hex ] && [ ! -e w2.hex ] && [ ! -e w3.hex ]
judge "the others are gone" $?
step 3 - '2 of 2 files were not wiped' image wipe --yes junk.bin junk.bin
cp 1.hex w1.hex
step 3 '"file":"w1.hex","bytes":23070,"wiped":true' '1 of 2 files was not wiped' image wipe --yes --json junk.bin w1.hex

# Authentication tags.  The key is that of the examples in RFC 4493; openssl checks what was written.
key=2b7e151628aed2a6abf7158809cf4f3c
printf 'hex:%s\n' $key >tag.key
printf '%b' "$(sed 's/../\\x&/g' <<<$key)" >raw.key
printf 'hex:%s00\n' ${key%??} >other.key
printf 'hex:%s\n' ${key%??} >short.key
chmod 600 ./*.key
tag_of() { # BIN: the tag of slot A as openssl makes it
	local n
	n=$(od -An -tu4 -j12 -N4 "$1" | tr -d ' ')
	{ head -c 32 "$1"; tail -c +65 "$1" | head -c "$n"; } |
		openssl mac -cipher AES-128-CBC -macopt hexkey:$key CMAC | head -1 | tr A-F a-f
}
tag_in() { # BIN: the tag that stands in slot A
	local n
	n=$(od -An -tu4 -j12 -N4 "$1" | tr -d ' ')
	tail -c +$((64 + (n + 31) / 32 * 32 + 1)) "$1" | head -c 16 | od -An -tx1 | tr -d ' \n'
}
# shellcheck disable=SC2086 # $one is several words
{
	step 0 'octets, persistent keys, tag aes-cmac, read back' - image build $one --out t.bin --tag-key tag.key
	step 0 '"tag":"aes-cmac","written":true' - image build $one --out r.bin --tag-key raw.key --json
	step 0 'generation 9' - image build $one --out g.bin --tag-key tag.key --generation 9
	step 3 - 'short.key: 15 octets; a tag key has 16, 24 or 32' image build $one --out none.bin --tag-key short.key
	step 4 - 'none.key' image build $one --out none.bin --tag-key none.key
	step 0 '' 'its slot has an authentication tag, the new one will have none' \
		image build $one --out w.bin --update t.bin
	step 6 - 'B not genuine' image verify --layout stm32-2k --tag-key other.key w.bin
	step 0 'w.bin: good, slot A' - image verify --layout stm32-2k --tag-key tag.key w.bin
	step 0 'slot B, generation 2' - image build $one --out w.bin --update t.bin --tag-key tag.key --force
	step 6 - 'made with another tag key or none' image build $one --out y.bin --update t.bin --tag-key other.key
}
[ ! -e none.bin ] && [ ! -e y.bin ] && cmp -s t.bin r.bin
judge "a key in hex is the key as octets" $?
[ "$(tag_of t.bin)" = "$(tag_in t.bin)" ] && [ "$(tag_of g.bin)" = "$(tag_in g.bin)" ] &&
	[ "$(tag_of t.bin)" != "$(tag_of g.bin)" ] && [ ${#key} = "$(tag_in t.bin | wc -c)" ]
judge "openssl makes the same tag" $?
step 0 't.bin: good, slot A' 'the authentication tag was not; --tag-key FILE checks it' image verify --layout stm32-2k t.bin
step 0 'tag right' - image verify --layout stm32-2k --set 1.ef --fresh --tag-key tag.key t.bin
step 0 '"tag":"aes-cmac","tag-verified":true' - image verify --layout stm32-2k --tag-key tag.key t.bin --json
step 0 '"tag":"aes-cmac","tag-verified":false' - image verify --layout stm32-2k t.bin --json --quiet
step 6 - 't.bin: no good slot: A not genuine' image verify --layout stm32-2k --tag-key other.key t.bin
step 6 - '1.hex: no good slot: A not genuine' image verify --layout stm32-2k --tag-key tag.key 1.hex
step 0 'tag aes-cmac (not checked), in use' - image inspect t.bin
step 0 '"tag":"aes-cmac"' - inspect --json t.bin
step 0 'slot A      at 0x00000000: loaded' - boot --flash t.bin --layout stm32-2k --tag-key tag.key --min-generation 1
step 6 'genuine, but older' 'slot A genuine, but older' boot --flash t.bin --layout stm32-2k --tag-key tag.key --min-generation 2
step 6 'not genuine' 'another tag key or none' boot --flash t.bin --layout stm32-2k --tag-key other.key
step 0 'source      slot-a' - boot --flash t.bin --layout stm32-2k
step 0 'source      slot-b' - boot --flash w.bin --layout stm32-2k --tag-key tag.key --min-generation 2
step 2 - 'give --tag-key' boot --flash t.bin --min-generation 2
step 2 - '--tag-key is for slots in flash' boot --reader 0 --tag-key tag.key
cp t.bin forged.bin
printf '\x41' | dd of=forged.bin bs=1 seek=90 conv=notrunc 2>/dev/null
step 3 - 'A damaged' image verify --layout stm32-2k --tag-key tag.key forged.bin
chmod 644 raw.key
step 0 'tag right' 'raw.key: others may read it' image verify --layout stm32-2k --tag-key raw.key t.bin
# A batch: its files carry tags, its ledger knows when the key is another one.
sed 's/^    layout: .*/    layout: stm32-2k\n    tag-key: tag.key/; s/encode: ihex/encode: bin/; s/^product: .*/product: tagged/' psk.yaml >tagged.yaml
printf 'serial\n7\n8\n' >t.csv
step 0 'no errors' - profile check tagged.yaml
step 0 'layout stm32-2k, tagged by ' - profile show tagged.yaml
step 0 '2 units' - --quiet batch new --ledger t.db --profile tagged.yaml --devices t.csv --name t
cp tag.key keep.key && cp other.key tag.key
step 7 - 'tag key' --quiet batch run --ledger t.db --batch t --out tagged
cp keep.key tag.key
step 0 '2 of 2 released' - --quiet batch run --ledger t.db --batch t --out tagged
step 0 '7.bin: good' - image verify --layout stm32-2k --tag-key tag.key tagged/7.bin tagged/8.bin
[ "$(tag_of tagged/7.bin)" = "$(tag_in tagged/7.bin)" ] && [ "$(tag_of tagged/8.bin)" = "$(tag_in tagged/8.bin)" ]
judge "openssl makes the tags of the batch" $?
printf 'hex:%s\n' ${key%??} >tag.key
step 3 - 'targets.flash.tag-key: ' profile check tagged.yaml
cp keep.key tag.key
! grep -rqi "$key" tagged t.db* out err
judge "the tag key is in no file" $?

# Negative controls: a wrong code, result or message must be caught.
for wrong in "3 1.ef -" "0 2.ef -" "0 1.ef oops"; do
	# shellcheck disable=SC2086 # three words
	[ "$(step $wrong image build $one --out 1.ef.bin --dry-run | grep -c ^FAILED)" = 1 ]
	judge "control '$wrong' is caught" $?
done
step 0 1.ef - image build --set 1.ef --layout stm32-2k --out 1.ef.bin --dry-run

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
