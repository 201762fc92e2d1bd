#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of a batch on the command line: plan, run, status, retry, scrap, export; what is refused,
# and that nothing was written then.
# shellcheck disable=SC2154 # root, out and rc come from batch_lib.sh
set -u
# shellcheck source=tests/e2e/batch_lib.sh
. "$(dirname "$0")/batch_lib.sh"
profiles

# ---- the straight way ---------------------------------------------------------------------------

devices d1.csv A- 24
for profile in psk x509; do
	expect 0 "plan without doing it" batch new --ledger l.db --profile $profile.yaml --devices d1.csv --name first --dry-run
	says "24 units"
	check "a rehearsed plan leaves nothing" [ -z "$(find . -name 'l.db*')" ]
done
expect 0 "plan" batch new --ledger l.db --profile psk.yaml --devices d1.csv --name first
says "24 units"
check "the ledger is mine alone" [ "$(stat -c %a l.db)" = 600 ]
check "no key was made" [ ! -e out ]
expect 0 "dry run" batch run --ledger l.db --batch first --out out --dry-run
check "a dry run makes nothing" [ ! -e out ]
expect 0 "run" batch run --ledger l.db --batch first --out out --jobs 2
says "24 of 24 released"
check "24 files" [ "$(find out -name '*.bin' | wc -l)" = 24 ]
check "files are mine alone" [ -z "$(find out -type f ! -perm 600)" ]
check "the folder is mine alone" [ "$(stat -c %a out)" = 700 ]
check "24 lines of manifest" [ "$(wc -l <out/manifest.jsonl)" = 24 ]
sed -E 's/.*"file":"([^"]+)".*"sha256":"([0-9a-f]+)".*/\2  \1/' out/manifest.jsonl >sums
check "the manifest's sums are right" eval "(cd out && sha256sum --quiet -c ../sums)"
expect 0 "each image reads back" image verify --layout "$root/flash-images/layouts/nor-4k.yaml" out/A-00007.bin \
	--ledger l.db --endpoint urn:dev:ops:0001B2-A-00007
sha256sum out/*.bin >before
expect 0 "a lost file is built again" image build --layout "$root/flash-images/layouts/nor-4k.yaml" --out again.bin \
	--ledger l.db --endpoint urn:dev:ops:0001B2-A-00007
check "octet for octet" cmp -s again.bin out/A-00007.bin
expect 0 "run again does nothing" batch run --ledger l.db --batch first --out out
check "nothing was made again" sha256sum --quiet -c before
expect 0 "status" batch status --ledger l.db --json
check "status as JSON" [ "$out" = '{"batch":"first","product":"meter","total":24,"planned":0,"made":0,"written":0,"verified":0,"released":24,"failed":0,"scrapped":0}' ]
expect 0 "verify" ledger verify --ledger l.db
head=$(printf '%s' "$out" | sed -n 's/^head //p')
expect 0 "show one unit" ledger show --ledger l.db --endpoint urn:dev:ops:0001B2-A-00003
says "flash-verified"
expect 0 "export of events" ledger export --ledger l.db
check "every event is exported" [ "$(printf '%s\n' "$out" | wc -l)" = 74 ]

# ---- the manifest, made by the workers and made from the ledger ---------------------------------

cp -r "$root/factory/profiles" shipped
cp -r pki shipped/
sed '/^  card:/,/read-rule/d' shipped/rpk-oscore.yaml >shipped/rpk-flash.yaml
count=0
for profile in psk.yaml shipped/psk-persistent.yaml shipped/psk-non-persistent.yaml shipped/x509-persistent.yaml shipped/rpk-flash.yaml; do
	count=$((count + 1))
	devices m.csv "M$count-" 600
	awk -F, -v OFS=, 'NR == 1 { print $0, "oscore_id"; next } { printf "%s,%06x\n", $0, NR }' m.csv >mo.csv
	expect 0 "plan $profile" batch new --ledger m.db --profile $profile --devices mo.csv --name m$count
	expect 0 "run $profile" batch run --ledger m.db --batch m$count --out outm --jobs 2
	mv outm/manifest.jsonl workers
	expect 0 "run it again" batch run --ledger m.db --batch m$count --out outm
	check "$profile: 600 lines" [ "$(wc -l <workers)" = 600 ]
	check "$profile: workers and ledger say the same" cmp -s workers outm/manifest.jsonl
	rm -r outm
done

# ---- Intel HEX, X.509, CMS ----------------------------------------------------------------------

devices d2.csv X- 10
expect 0 "rehearse X.509" batch new --ledger l.db --profile x509.yaml --devices d2.csv --name second --dry-run
check "no resume key for a rehearsal" [ ! -e l.db.resume ]
expect 3 "a rehearsal finds conflicts" batch new --ledger l.db --profile psk.yaml --devices d1.csv --name second --dry-run
expect 0 "plan X.509" batch new --ledger l.db --profile x509.yaml --devices d2.csv --name second
check "resume key while it is open" [ -s l.db.resume/2.key ]
expect 0 "run X.509 as Intel HEX" batch run --ledger l.db --batch second --out outx --encode ihex
check "hex files" [ "$(find outx -name '*.hex' | wc -l)" = 10 ]
check "resume key is gone at the end" [ ! -e l.db.resume ]
expect 0 "the head noted earlier" ledger verify --ledger l.db --head "$head"
expect 6 "a head of another ledger" ledger verify --ledger l.db --head "$(printf 'ab%.0s' {1..32})"
expect 2 "no head at all" ledger verify --ledger l.db --head abc
expect 0 "export" batch export --ledger l.db --batch second --out server.jsonl
check "a line per unit" [ "$(wc -l <server.jsonl)" = 10 ]
check "export is mine alone" [ "$(stat -c %a server.jsonl)" = 600 ]
head -1 server.jsonl | sed -E 's/.*"certificate":"([^"]+)".*/\1/' | base64 -d >cert.der
check "openssl verifies the exported certificate" \
	eval "openssl x509 -inform DER -in cert.der -out cert.pem && openssl verify -CAfile pki/ca.pem cert.pem >/dev/null"
expect 7 "an export is not overwritten" batch export --ledger l.db --batch second --out server.jsonl
expect 0 "unless told to" batch export --ledger l.db --batch second --out server.jsonl --force
expect 0 "export without secrets" batch export --ledger l.db --batch first --out first.csv --format csv
check "no secret in it" [ "$(head -1 first.csv | grep -c psk)" = 0 ]
expect 0 "export with secrets" batch export --ledger l.db --batch first --out secret.jsonl --reveal-secrets
check "secrets are there" [ "$(grep -cE '"psk":"[0-9a-f]{32}"' secret.jsonl)" = 24 ]
expect 7 "a finished CMS batch is closed" batch export --ledger l.db --batch second --out no.jsonl --reveal-secrets
check "nothing written" [ ! -e no.jsonl ]
expect 0 "its recipient opens it" batch export --ledger l.db --batch second --out s2.jsonl --reveal-secrets \
	--key-file pki/backend.key
expect 5 "another key does not" batch export --ledger l.db --batch second --out no.jsonl --reveal-secrets \
	--key-file pki/ca.key
check "nothing written" [ ! -e no.jsonl ]

# ---- no secret outside --------------------------------------------------------------------------

secret=$(head -1 secret.jsonl | sed -E 's/.*"psk":"([0-9a-f]+)".*/\1/')
# In hexadecimal, because a key may hold a line feed.
holds_key() { cat "$@" | od -An -v -tx1 | tr -d ' \n' | grep -q "$secret"; }
check "no clear key in ledger, WAL or manifest" \
	eval "! holds_key l.db* out/manifest.jsonl && ! grep -qai '$secret' l.db* out/manifest.jsonl"
check "control: the image holds it" holds_key out/A-00000.bin

# ---- duplicates ---------------------------------------------------------------------------------

fingerprint() { # of a folder and the ledger: nothing was written
	find . -path ./pki -prune -o -type f ! -name '*-shm' ! -name 'before' -print0 | sort -z | xargs -0 sha256sum | sha256sum
}
refused() { # exit code, text, what, arguments
	local want=$1 text=$2 what=$3 was now
	shift 3
	was=$(fingerprint)
	run "$@"
	now=$(fingerprint)
	if [ "$rc" = "$want" ]; then ok; else bad "$what: exit $rc instead of $want"; fi
	says "$text"
	check "$what: nothing written" [ "$was" = "$now" ]
}
{ echo serial; echo A-00003; echo fresh; echo A-00005; } >dup.csv
refused 3 "dup.csv:2" "serials of another batch" batch new --ledger l.db --profile psk.yaml --devices dup.csv --name dup
says "dup.csv:4"
says "of batch 'first'"
refused 7 "a batch 'first'" "the name is taken" batch new --ledger l.db --profile psk.yaml --devices d2.csv --name first
refused 3 "--name" "a name with a control character" batch new --ledger l.db --profile psk.yaml --devices d2.csv --name $'a\tb'
expect 0 "without the bad rows" batch new --ledger l.db --profile psk.yaml --devices dup.csv --name dup --skip-bad
says "1 unit"
# Another product may have the same serials, but neither endpoints nor identities.
other() { # endpoint, identity
	sed -e "s/endpoint: .*/endpoint: \"$1\"/" -e "s/id-{serial}/$2/" -e 's/product: meter/product: else/' psk.yaml
}
printf 'serial,tail\nZ1,00003\n' >z.csv
printf 'serial,tail\nZ1,""\n' >tail.csv
other 'urn:dev:ops:0001B2-A-{tail}' 'own-{serial}' >same.yaml
refused 3 "tail" "an empty column" batch new --ledger l.db --profile same.yaml --devices tail.csv --name same
refused 3 "endpoint 'urn:dev:ops:0001B2-A-00003'" "an endpoint of another product" \
	batch new --ledger l.db --profile same.yaml --devices z.csv --name same
other 'urn:dev:ops:new-{serial}' 'id-A-{tail}' >same.yaml
refused 3 "psk-identity 'id-A-00003'" "a PSK identity of another product" \
	batch new --ledger l.db --profile same.yaml --devices z.csv --name same

# ---- failure, retry, scrap ----------------------------------------------------------------------

devices d3.csv F- 8
expect 0 "plan a batch with trouble" batch new --ledger l.db --profile psk.yaml --devices d3.csv --name third
mkdir outf
echo "somebody else's" >outf/F-00002.bin
expect 8 "a foreign file stands in the way" batch run --ledger l.db --batch third --out outf
says "1 of 8 units have failed"
check "the foreign file is untouched" [ "$(cat outf/F-00002.bin)" = "somebody else's" ]
check "seven released" [ "$(status l.db third released)" = 7 ]
expect 0 "why" batch status --ledger l.db --batch third --failed
says "F-00002.bin exists and holds something else"
expect 8 "a failed unit is not tried by itself" batch run --ledger l.db --batch third --out outf
expect 7 "only failed ones are retried" batch retry --ledger l.db --batch third --serial F-00001
expect 0 "retry" batch retry --ledger l.db --batch third --serial F-00002
check "its keys are still there" [ "$(status l.db third made)" = 1 ]
expect 0 "run with --force" batch run --ledger l.db --batch third --out outf --force
check "eight released" [ "$(status l.db third released)" = 8 ]
expect 7 "scrapping asks" batch scrap --ledger l.db --batch third --serial F-00001 --reason "cracked"
for text in "" $'two\nlines' $'\e[1m' $'\xc2\x9b1m'; do
	expect 3 "a reason that is no line of text" batch scrap --ledger l.db --batch third --serial F-00001 --reason "$text" --yes
done
expect 0 "scrap" batch scrap --ledger l.db --batch third --serial F-00001 --reason "cracked" --yes
check "counts sum up" [ "$(status l.db third released)/$(status l.db third scrapped)" = 7/1 ]
expect 7 "keys of a scrapped unit are gone" image build --ledger l.db --endpoint urn:dev:ops:0001B2-F-00001 \
	--layout "$root/flash-images/layouts/nor-4k.yaml" --out none.bin
check "and no run is said to make them" [ "${out/batch run/}" = "$out" ]
expect 7 "twice" batch scrap --ledger l.db --batch third --serial F-00001 --reason "cracked" --yes
expect 4 "nobody" batch scrap --ledger l.db --batch third --serial nobody --reason "x" --yes
{ echo serial; echo F-00001; } >again.csv
refused 3 "F-00001" "a scrapped serial is not issued again" \
	batch new --ledger l.db --profile psk.yaml --devices again.csv --name again
expect 0 "the manifest follows" batch run --ledger l.db --batch third --out outf
check "without the scrapped one" [ "$(wc -l <outf/manifest.jsonl)" = 7 ]

devices d5.csv W- 5
expect 0 "plan a batch with no files in its way" batch new --ledger l.db --profile psk.yaml --devices d5.csv --name way
mkdir outw outw/W-00001.bin
mkfifo outw/W-00002.bin
ln -s /dev/null outw/W-00003.bin
expect 8 "a folder, a pipe and a link in the way" batch run --ledger l.db --batch way --out outw
check "the others are released" [ "$(status l.db way released)/$(status l.db way failed)" = 2/3 ]
expect 0 "why" batch status --ledger l.db --batch way --failed
says "W-00002.bin exists and is not a file"
expect 0 "retry all" batch retry --ledger l.db --batch way
expect 8 "--force replaces links, not folders and pipes" batch run --ledger l.db --batch way --out outw --force
check "one more" [ "$(status l.db way released)/$(status l.db way failed)" = 3/2 ]
check "they are what they were" eval '[ -d outw/W-00001.bin ] && [ -p outw/W-00002.bin ] && [ -c /dev/null ]'

# ---- cards --------------------------------------------------------------------------------------

devices d4.csv C- 5
expect 0 "plan cards" batch new --ledger l.db --profile card.yaml --devices d4.csv --name cards
expect 0 "run makes their keys" batch run --ledger l.db --batch cards
says "5 units await their card"
check "they stay made" [ "$(status l.db cards made)" = 5 ]
devices d5.csv D- 5
expect 0 "plan both" batch new --ledger l.db --profile both.yaml --devices d5.csv --name both
expect 2 "files need a folder" batch run --ledger l.db --batch both
expect 0 "run both" batch run --ledger l.db --batch both --out outb
says "5 units await their card"
check "files are there" [ "$(find outb -name '*.bin' | wc -l)" = 5 ]
check "status tells that one target is done" [ "$(status l.db both verified)" = 5 ]

# ---- what changed between plan and run ----------------------------------------------------------

devices d6.csv M- 3
cp "$root/flash-images/layouts/nor-4k.yaml" mine.yaml
sed "s|layout: .*|layout: ./mine.yaml|" psk.yaml >moved.yaml
expect 0 "plan with a layout of one's own" batch new --ledger l.db --profile moved.yaml --devices d6.csv --name moved
sed -i 's/nor-4k/nor-4k/; s/program: *1$/program: 4/' mine.yaml
refused 7 "has changed" "another layout than planned" batch run --ledger l.db --batch moved --out outm
cp "$root/flash-images/layouts/nor-4k.yaml" mine.yaml
echo "product: wrecked" >moved.yaml
expect 0 "the profile is the one of then" batch run --ledger l.db --batch moved --out outm

# ---- resume key gone ----------------------------------------------------------------------------

devices d7.csv R- 4
expect 0 "plan for a lost resume key" batch new --ledger r.db --profile x509.yaml --devices d7.csv --name lost
mkdir outr
for i in 0 1 2 3; do echo foreign >outr/R-0000$i.bin; done
expect 8 "all fail" batch run --ledger r.db --batch lost --out outr
expect 0 "retry all" batch retry --ledger r.db --batch lost
mv r.db.resume/1.key kept.key
expect 7 "no resume key" batch run --ledger r.db --batch lost --out outr --force
says "R-00000"
says "batch scrap"
expect 0 "the recipient's key does as well" batch run --ledger r.db --batch lost --out outr --force --key-file pki/backend.key
check "all released" [ "$(status r.db lost released)" = 4 ]

# ---- files that are gone afterwards --------------------------------------------------------------

# Makes again what the last output of batch run says, and compares: the same file, octet for octet.
made_again() { # name of the file, its folder, words behind the command
	local line name=$1 folder=$2
	shift 2
	line=$(sed -n "s/^to make $name again: imprint //p" <<<"$out")
	[ -n "$line" ] || return 1
	# shellcheck disable=SC2086 # a command line
	"$IMPRINT" ${line/ --key-file KEY/} "$@" >said 2>&1 </dev/null || return 1
	cmp -s "$folder/$name" "gone/$name"
}
rm -rf gone && cp -r out gone
expect 0 "nothing is gone" batch run --ledger l.db --batch first --out out
check "and nothing said" [ "${out/any more/}" = "$out" ]
rm out/A-00001.bin
expect 0 "one file is gone" batch run --ledger l.db --batch first --out out
says "warning: 1 file of batch 'first' is not in out any more: A-00001.bin;"
check "the same file is made again" made_again A-00001.bin out
rm out/A-0000[1-5].bin
: >out/A-00007.bin
expect 0 "several are gone" batch run --ledger l.db --batch first --out out
says "warning: 6 files of batch 'first' are not in out any more: A-00001.bin, A-00002.bin, A-00003.bin, ...;"
expect 0 "in JSON" batch run --ledger l.db --batch first --out out --json
says '"missing":6,'
cp gone/A-0000* out/
expect 0 "all are back" batch run --ledger l.db --batch first --out out --json
says '"missing":0,'
check "and nothing said" [ "${out/any more/}" = "$out" ]
rm -rf gone && cp -r outr gone
rm outr/R-00002.bin
expect 0 "a file of a batch sealed to a certificate" batch run --ledger r.db --batch lost --out outr
check "needs its key" made_again R-00002.bin outr --key-file pki/backend.key
rm -rf gone && cp -r outm gone
rm outm/M-00000.bin
expect 0 "a file of a layout of one's own" batch run --ledger l.db --batch moved --out outm
check "names the layout" made_again M-00000.bin outm

# ---- the medium ---------------------------------------------------------------------------------

devices d8.csv S- 400
expect 0 "plan for a small disk" batch new --ledger s.db --profile psk.yaml --devices d8.csv --name small
mkdir small
if mount -t tmpfs -o size=512k tmpfs small 2>/dev/null; then
	expect 4 "disk full" batch run --ledger s.db --batch small --out small
	check "no half file" [ -z "$(find small -name '*.bin' -size -8192c)" ]
	check "keys are kept" [ "$(($(status s.db small made) + $(status s.db small planned) + $(status s.db small released)))" = 400 ]
	expect 0 "the ledger holds" ledger verify --ledger s.db
	umount small
	expect 0 "it goes on elsewhere" batch run --ledger s.db --batch small --out large
	check "all released" [ "$(status s.db small released)" = 400 ]
	mount -t tmpfs -o size=128k tmpfs small
	refused_full() {
		run batch new --ledger small/l.db --profile psk.yaml --devices d8.csv --name full
		[ "$rc" = 4 ]
	}
	check "no room for the ledger" refused_full
	says "small/l.db"
	umount small
else
	echo "skipped: no tmpfs can be mounted here"
fi
devices d9.csv U- 4
expect 0 "plan for a closed folder" batch new --ledger u.db --profile psk.yaml --devices d9.csv --name closed
expect 4 "a file where a folder should be" batch run --ledger u.db --batch closed --out psk.yaml
expect 4 "no such parent" batch run --ledger u.db --batch closed --out none/such
mkdir closed && chmod 500 closed
if [ "$(id -u)" = 0 ]; then
	chattr +i closed 2>/dev/null && sealed=1
fi
if [ "$(id -u)" != 0 ] || [ -n "${sealed:-}" ]; then
	expect 4 "a folder that cannot be written" batch run --ledger u.db --batch closed --out closed
	check "no key was made" [ "$(status u.db closed planned)" = 4 ]
	[ -z "${sealed:-}" ] || chattr -i closed
else
	echo "skipped: root may write into every folder here"
fi

# ---- the ledger ---------------------------------------------------------------------------------

expect 4 "no ledger" batch status --ledger none.db
expect 3 "not a ledger" batch status --ledger psk.yaml
expect 4 "no batch of this name" batch run --ledger l.db --batch nobody --out out
cp l.db newer.db
python3 -c "import sqlite3; c=sqlite3.connect('newer.db'); c.execute('PRAGMA user_version=9'); c.commit()"
expect 3 "a newer ledger" batch status --ledger newer.db
says "version 9"
# In a place where nothing can be written: read as it lies, nothing is left beside it.
poor() { # root, but bound by modes
	if [ "$(id -u)" = 0 ]; then
		out=$(setpriv --bounding-set=-dac_override,-dac_read_search "$IMPRINT" "$@" 2>&1 </dev/null)
	else
		out=$("$IMPRINT" "$@" 2>&1 </dev/null)
	fi
	rc=$?
}
archive="archive of 2026?immutable=0#1%41"
mkdir "$archive"
cp l.db "$archive/l.db"
chmod 500 "$archive"
run ledger verify --ledger l.db
whole=${out#*:}
poor ledger verify --ledger "$archive/l.db"
check "an archived ledger is verified where it lies" [ "$rc" = 0 -a "${out#*:}" = "$whole" ]
poor batch status --ledger "$archive/l.db" --json
check "and read" [ "$rc" = 0 -a "$out" = "$("$IMPRINT" batch status --ledger l.db --json)" ]
poor ledger show --ledger "$archive/l.db"
check "and shown" [ "$rc" = 0 ]
poor image build --ledger "$archive/l.db" --endpoint urn:dev:ops:0001B2-A-00000 --layout nor-4k --out archived.bin
check "and a file made from it" [ "$rc" = 0 -a -s archived.bin ]
poor batch scrap --yes --ledger "$archive/l.db" --batch first --serial A-00000 --reason none
check "but not changed" [ "$rc" = 4 ]
check "nothing lies beside it" [ "$(ls "$archive")" = l.db ]
chmod 700 "$archive"
python3 -c "import sqlite3, sys; c=sqlite3.connect(sys.argv[1]); c.execute(\"UPDATE unit SET serial='Q' WHERE id=5\"); c.commit()" "$archive/l.db"
chmod 500 "$archive"
poor ledger verify --ledger "$archive/l.db"
check "an edited one is found there too" [ "$rc" = 6 ]
says "unit 5"
chmod 700 "$archive"
cp l.db edited.db
python3 -c "import sqlite3; c=sqlite3.connect('edited.db'); c.execute(\"UPDATE unit SET serial='Q' WHERE id=5\"); c.commit()"
expect 6 "an edited ledger" ledger verify --ledger edited.db
says "unit 5"
python3 - <<-'END' &
	import sqlite3, time
	c = sqlite3.connect('u.db', isolation_level=None)
	c.execute('BEGIN IMMEDIATE')
	open('locked', 'w').close()
	time.sleep(14)
END
holder=$!
while [ ! -e locked ]; do sleep 0.05; done
expect 7 "a locked ledger" batch run --ledger u.db --batch closed --out outu
says "locked"
kill $holder 2>/dev/null
wait $holder 2>/dev/null
check "no key was made" [ "$(status u.db closed planned)" = 4 ]

# ---- two runs, and a signal ---------------------------------------------------------------------

devices d10.csv T- 12000
expect 0 "plan a long batch" batch new --ledger t.db --profile psk.yaml --devices d10.csv --name long
"$IMPRINT" batch run --ledger t.db --batch long --out outt --jobs 1 >t.log 2>&1 </dev/null &
pid=$!
while [ "$(status t.db long planned)" = 12000 ]; do sleep 0.02; done
expect 7 "a second run of the same batch" batch run --ledger t.db --batch long --out outt
says "another process works on it"
kill -INT $pid
wait $pid
check "interrupted: exit 8" [ $? = 8 ]
check "it says how to go on" grep -q "the same command continues" t.log
done_then=$(status t.db long released)
check "whole groups are done" [ "$done_then" -gt 0 -a "$done_then" -lt 12000 ]
check "its manifest is there" [ "$(wc -l <outt/manifest.jsonl)" = "$done_then" ]
expect 0 "it continues" batch run --ledger t.db --batch long --out outt
check "all released" [ "$(status t.db long released)" = 12000 ]
expect 0 "verify" ledger verify --ledger t.db
finish
