#!/bin/bash
# Cards through a real pcscd: create, rewrite, read back with imprint and with OpenSC, PIN, faults,
# the ledger.  Every refusal by its exit code, its message and what it left.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
IMPRINT=${IMPRINT:-${O:-build}/imprint}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
export IMPRINT

if [ "${1:-}" != --inside ]; then
	PATH=$PATH:/usr/sbin:/sbin
	for tool in pcscd opensc-tool pkcs15-tool unshare ip openssl; do
		command -v $tool >/dev/null || {
			echo "test_card: $tool is missing; .ci/install installs it" >&2
			exit 1
		}
	done
	exec bash "$here/pcsc_bench.sh" -- bash "$here/test_card.sh" --inside
fi

passed=0 failed=0
check() { # what, condition
	if eval "$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		printf '%s\n' "exit ${rc:-}" "${out:-}" "${err:-}" | sed 's/^/    /'
	fi
}
work=$(mktemp -d)
card=
finish() {
	[ -z "$card" ] || kill "$card" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1

# ---- the bench

state=card.json
insert() { # options of card emulate
	local before
	before=$(grep -ac 'Card inserted into' "$PCSC_BENCH_DIR/pcscd.log")
	"$IMPRINT" card emulate --state "$state" "$@" >emulate.log 2>&1 &
	card=$!
	for _ in $(seq 200); do
		[ "$(grep -ac 'Card inserted into' "$PCSC_BENCH_DIR/pcscd.log")" -gt "$before" ] && return
		kill -0 "$card" 2>/dev/null || break
		sleep 0.05
	done
	echo "no card came up: $(cat emulate.log)"
	echo "$passed passed, $((failed + 1)) failed"
	exit 1
}
remove() {
	local before
	before=$(grep -ac 'Card Removed From' "$PCSC_BENCH_DIR/pcscd.log")
	kill -TERM "$card" 2>/dev/null
	wait "$card"
	gone "$before"
}
gone() { # wait for the daemon to see it; removals seen before
	card=
	for _ in $(seq 200); do
		[ "$(grep -ac 'Card Removed From' "$PCSC_BENCH_DIR/pcscd.log")" -gt "$1" ] && break
		sleep 0.05
	done
}
fault() { # JSON of the list; the card is out
	sed -i "s/\"faults\":\[[^]]*\]/\"faults\":[$1]/" "$state"
	grep -q "\"at\"\|\"ins\"" "$state" || echo "no fault was set"
}
# rc, out, err
run() {
	out=$(timeout 60 "$IMPRINT" "$@" 2>err </dev/null)
	rc=$?
	err=$(cat err)
}
refuses() { # what, exit code, words; of the last run: one message, no result
	# shellcheck disable=SC2034 # the condition is evaluated in check
	want=$2 words=$3
	check "$1" '[ "$rc" = "$want" ] && [ -z "$out" ] && [ "$(grep -v warning: err | grep -c "^imprint: ")" = 1 ] && grep -q -- "$words" err'
}
pads() { # file of the payload, file read: equal, then FF
	cmp -n "$(stat -c %s "$1")" "$1" "$2" && [ -z "$(tail -c +$(($(stat -c %s "$1") + 1)) "$2" | tr -d '\377')" ]
}

umask 077
printf 12345678 >adm
printf 'hex:3132333435363738\n' >adm.hex
printf '87654321' >adm.wrong
printf '1234\n' >pin
printf '9999' >pin.wrong
printf '123456789' >pin.long

# Sets: a PSK account, and the same with another key of the same length.
key() { printf "%0.s$1" $(seq 16); }
set_json() { # key in hex, octets of the identity
	printf '{"objects":[{"id":0,"version":"implicit","instances":[{"id":0,"resources":['
	printf '{"id":0,"name":"LWM2M Server URI","type":"string","value":"coaps://bs.example.com:5684"},'
	printf '{"id":1,"name":"Bootstrap-Server","type":"boolean","value":true},'
	printf '{"id":2,"name":"Security Mode","type":"integer","value":0},'
	printf '{"id":3,"name":"Public Key or Identity","type":"opaque","hex":"%s"},' "$2"
	printf '{"id":4,"name":"Server Public Key","type":"opaque","hex":""},'
	printf '{"id":5,"name":"Secret Key","type":"opaque","hex":"%s"},' "$1"
	printf '{"id":10,"name":"Short Server ID","type":"integer","value":1}]}]}]}\n'
}
identity=75726e3a6465763a6f70733a303030314232
sed 's/,{"id":10,[^}]*}//' <<<"$(set_json "$(key a5)" $identity)" >one.json
sed 's/,{"id":10,[^}]*}//' <<<"$(set_json "$(key 5a)" $identity)" >two.json
for s in one two; do
	run set convert $s.json --to ef --out $s.ef
	check "set $s" '[ $rc = 0 ] && [ -s $s.ef ]'
done
check "same size, other octets" '[ "$(stat -c %s one.ef)" = "$(stat -c %s two.ef)" ] && ! cmp -s one.ef two.ef'

# ---- no card

run card list --json
check "two readers, empty" '[ $rc = 0 ] && [ "$(grep -c "\"card\":false" <<<"$out")" = 2 ]'
run card info --reader 0
refuses "no card" 4 "no card in the reader"
run card info --reader 9
refuses "no such reader" 4 "no reader '9'"
run card info --reader Virtual
refuses "ambiguous reader" 2 "fits 2 readers"
run card info
refuses "no reader named" 2 "could be meant"
run card write --reader 0 --set nowhere.ef --adm-file adm
refuses "no set" 4 "nowhere.ef"
run card write --reader 0 --adm-file adm
refuses "neither set nor ledger" 2 "either --set"
out=$(PCSCLITE_CSOCK_NAME=$work/nobody "$IMPRINT" card list 2>err) && rc=0 || rc=$?
refuses "no daemon" 4 "service is not running"
check "and what to do" 'grep -q pcscd err'

# ---- a new card, created and read back

insert --protocol 1 --blank
run card info --json
check "blank card, the only one" '[ $rc = 0 ] && [[ $out == *"\"application\":false"*"\"bootstrap\":\"absent\""* ]]'
run card read --reader 0 --out nothing.ef
refuses "wrong card: no application" 4 "no PKCS#15 application"
check "nothing written" '[ ! -e nothing.ef ]'
run card verify --reader 0
refuses "nothing to verify" 4 "nothing there"
run card wipe --reader 0 --adm-file adm --yes
refuses "nothing to wipe" 4 "nothing to wipe"
before=$(sha256sum $state)
run card write --reader 0 --set one.ef --adm-file adm --dry-run
check "dry run says what it would do" '[ $rc = 0 ] && [[ $out == *"CREATE FILE 6432"*"nothing was written"* ]]'
check "dry run changes nothing" '[ "$(sha256sum $state)" = "$before" ]'
run card write --reader 0 --set one.ef
refuses "no ADM key" 2 "adm-file"
run card write --reader 0 --set one.ef --adm-file pin.long
refuses "ADM of nine octets" 3 "9 octets"
run card write --reader 0 --set one.ef --adm-file adm --iccid 8988211000000000029
refuses "another card was meant" 7 "not 8988211000000000029"
check "nothing was written by any of these" '[ "$(sha256sum $state)" = "$before" ]'
run card write --reader 0 --set one.ef --adm-file adm --json
check "created" '[ $rc = 0 ] && [[ $out == *"\"result\":\"written\""* ]]'
check "warned of keys that all may read" 'grep -q "warning.*read-rule pin" err'
run card read --reader 0 --out read.ef
check "read back" '[ $rc = 0 ] && cmp one.ef read.ef && [ "$(stat -c %a read.ef)" = 600 ]'
run card read --reader 0 --out raw.ef --raw
check "raw has the filling too" '[ $rc = 0 ] && [ "$(stat -c %s raw.ef)" = 256 ] && pads one.ef raw.ef'
run card read --reader 0 --json
check "the document" '[ $rc = 0 ] && [[ $out == "{\"format\":\"ef-lwm2m-bootstrap\",\"bytes\":$(stat -c %s one.ef),\"padding\":"* ]]'
check "no key in it" '[[ $out != *a5a5a5a5* ]]'
run card verify --reader 0 --set one.ef
check "verified" '[ $rc = 0 ]'
run card verify --reader 0 --set two.ef
refuses "another set" 6 "another set"
run card write --reader "Virtual PCD 00 00" --set one.ef --adm-file adm.hex --json
check "again: there already, reader by name, ADM in hex" '[ $rc = 0 ] && [[ $out == *"already there"*"\"write\":0"* ]]'
check "nothing is written, nothing is warned of" '! grep -q "can read its secret keys" err'
timeout 60 pkcs15-tool -r 0 -C </dev/null >p15 2>&1
check "OpenSC lists it" 'grep -q "LwM2M Bootstrap" p15 && grep -q "2.23.43.9.1" p15'
timeout 60 pkcs15-tool -r 0 -R 2.23.43.9.1 --raw -o p15.bin </dev/null >/dev/null 2>&1
check "OpenSC reads the same octets" 'pads one.ef p15.bin'
run boot --reader 0 --json
check "a device boots from it" '[ $rc = 0 ] && [[ $out == *"\"source\":\"card\""* ]]'

# ---- rewriting

run card write --reader 0 --set two.ef --adm-file adm --json
check "rewritten" '[ $rc = 0 ] && [[ $out == *"\"write\":7,"* ]]'
run card read --reader 0 --out read.ef
check "the new one" 'cmp two.ef read.ef'
set_json "$(key a5)" "$(printf "%0.s61" $(seq 120))" | sed 's/,{"id":10,[^}]*}//' >long.json
run set convert long.json --to ef --out long.ef
cp $state small.json
run card write --reader 0 --set long.ef --adm-file adm --trace
check "trace masks the key and the payload" '[ $rc = 0 ] && grep -q "0020000a 08 .8 octets" err && ! grep -q "31323334353637\|a5a5a5a5\|61616161" err'

# ---- reading with the PIN

run card write --reader 0 --set one.ef --adm-file adm --read-rule pin
refuses "the PIN is needed" 2 "pin-file"
run card write --reader 0 --set one.ef --adm-file adm --read-rule pin --pin-file pin
refuses "the file has another rule" 7 "without a PIN"
run card write --reader 0 --set one.ef --adm-file adm --read-rule pin --pin-file pin --recreate
check "made anew with the PIN" '[ $rc = 0 ] && ! grep -q "warning.*read-rule" err'
run card read --reader 0 --out no.ef
refuses "not without it" 5 "6982"
run card read --reader 0 --out no.ef --pin-file pin.wrong
refuses "wrong PIN" 5 "63C2.*2 tries left"
printf '1234\r\n' >pin.dos
run card read --reader 0 --out read.ef --pin-file pin.dos
check "with it, from a file with CR LF" '[ $rc = 0 ] && cmp one.ef read.ef'
run card read --reader 0 --out read.ef --pin-file pin
check "with it" '[ $rc = 0 ] && cmp one.ef read.ef'
run card verify --reader 0 --pin-file pin --set one.ef
check "verified with it" '[ $rc = 0 ]'
run boot --reader 0 --pin-file pin --json
check "boot with it" '[ $rc = 0 ]'
run card read --reader 0 --out no.ef --pin-file pin.wrong
run card read --reader 0 --out no.ef --pin-file pin.wrong
refuses "a second wrong one" 5 "63C1.*1 try left"
run card read --reader 0 --out no.ef --pin-file pin
refuses "the last try is not spent" 7 "only 1 try"
run card info --json
check "it is still there" '[[ $out == *"\"pin_tries\":1"* ]]'
run card read --reader 0 --out no.ef --pin-file pin.wrong --force
run card read --reader 0 --out no.ef --pin-file pin.wrong --force
run card read --reader 0 --out no.ef --pin-file pin --force
refuses "blocked PIN" 7 "blocked"
check "nothing read by any of these" '[ ! -e no.ef ]'

# ---- wrong ADM

remove
rm -f $state
insert --protocol 0
for left in 9 8 7 6 5 4 3; do
	run card write --reader 0 --set one.ef --adm-file adm.wrong
	refuses "wrong ADM, $left left" 5 "63C$left.*$left tries left"
done
run card write --reader 0 --set one.ef --adm-file adm
refuses "the guard" 7 "only 3 tries"
run card write --reader 0 --set one.ef --adm-file adm --force
check "forced, T=0" '[ $rc = 0 ]'
run card read --reader 0 --out read.ef
check "read by T=0" 'cmp one.ef read.ef'
timeout 60 pkcs15-tool -r 0 -R 2.23.43.9.1 --raw -o p15.bin </dev/null >/dev/null 2>&1
check "OpenSC by T=0" 'pads one.ef p15.bin'
run card write --reader 0 --set one.ef --adm-file adm --recreate --ef-size 128
check "a file of 128 octets" '[ $rc = 0 ]'
run card write --reader 0 --set long.ef --adm-file adm
refuses "EF too small" 3 "has 128 octets, the set needs"
run card read --reader 0 --out read.ef
check "and as it was" 'cmp one.ef read.ef'

# ---- access rules by reference

remove
rm -f $state
insert
run card write --reader 0 --set one.ef --adm-file adm --arr 6F06:1:2 --pin-file pin --read-rule pin
check "by records of the application's EF(ARR)" '[ $rc = 0 ]'
run card write --reader 0 --set two.ef --adm-file adm --arr 6F06:9 --pin-file pin
check "a record that is not there is no matter where nothing is created" '[ $rc = 0 ]'
run card read --reader 0 --out read.ef
refuses "the rule is followed" 5 "6982"
remove
rm -f $state
insert --blank
run card write --reader 0 --set one.ef --adm-file adm --arr 2F06:1
check "a new application, by records of the MF's" '[ $rc = 0 ]'
run card read --reader 0 --out read.ef
check "and read" '[ $rc = 0 ] && cmp one.ef read.ef'

# ---- what info says of odd cards

remove
python3 - $state odd.json <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
d["faults"] = []
d["files"] = [f for f in d["files"] if not f["path"].endswith("/5031")]
json.dump(d, open(sys.argv[2], "w"), separators=(",", ":"))
d = json.load(open(sys.argv[1]))
next(f for f in d["files"] if f["path"].endswith("/6432"))["lcs"] = 4
json.dump(d, open("off.json", "w"), separators=(",", ":"))
PY
for n in 1 2; do # no EF(ICCID); one that holds something else
	python3 - $state bare$n.json $n <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
d["faults"] = []
d.pop("iccid")
if sys.argv[3] == "1":
    d["files"] = [f for f in d["files"] if not f["path"].endswith("/2FE2")]
else:
    next(f for f in d["files"] if f["path"].endswith("/2FE2"))["content"] = "ff" * 10
json.dump(d, open(sys.argv[2], "w"), separators=(",", ":"))
PY
	state=bare$n.json insert
	run card info --json
	check "card $n without ICCID: info" '[ $rc = 0 ] && [[ $out == *"\"atr\":\"3b"*"\"iccid\":null"*"\"bootstrap\":\"present\""* ]]'
	run card info
	check "card $n without ICCID: info as text" '[ $rc = 0 ] && grep -q "^ICCID *-$" <<<"$out"'
	run card read --reader 0 --out read.ef
	check "card $n without ICCID: read" '[ $rc = 0 ] && cmp one.ef read.ef'
	run card verify --reader 0 --set one.ef
	check "card $n without ICCID: verify" '[ $rc = 0 ] && [[ $out == *"card with ATR 3b"*"equal to the set given" ]]'
	run card verify --reader 0 --set one.ef --json
	check "card $n without ICCID: its ATR in JSON" '[ $rc = 0 ] && [[ $out == *"\"iccid\":null,\"atr\":\"3b"* ]]'
	run card write --reader 0 --set two.ef --adm-file adm --iccid 8988211000000000011
	refuses "card $n without ICCID: another one is meant" 7 "without ICCID, not 8988211000000000011"
	run card write --reader 0 --set two.ef --adm-file adm --json
	check "card $n without ICCID: write" '[ $rc = 0 ] && [[ $out == *"\"iccid\":null,\"atr\":\"3b"*"\"result\":\"written\""* ]]'
	run card wipe --reader 0 --adm-file adm
	refuses "card $n without ICCID: named in the question" 7 "of card with ATR 3b"
	remove
done
# A card that cannot say it just now is not another card.
state=bare2.json fault '{"at":1,"do":"sw","value":"6F00"},{"at":2,"do":"sw","value":"6F00"}'
state=bare2.json insert
run card verify --reader 0
refuses "a technical problem is no identity" 5 "6F00"
remove
state=odd.json insert
run card info
check "a file that nothing names has a name" '[ $rc = 0 ] && [[ $out == *"6432, "*"absent"* ]]'
remove
state=off.json insert
run card info --json
check "a deactivated file is said to be" '[ $rc = 0 ] && [[ $out == *"\"bootstrap\":\"deactivated\""* ]]'
remove
insert

# ---- wiping

run card wipe --reader 0 --adm-file adm
refuses "asks first" 7 "yes"
run card read --reader 0 --out read.ef
check "and does nothing" 'cmp one.ef read.ef'
run card wipe --reader 0 --adm-file adm --yes
check "wiped" '[ $rc = 0 ]'
run card read --reader 0 --out no.ef
refuses "nothing left" 4 "no bootstrap information"
run card read --reader 0 --raw --out raw.ef
check "the key is gone" '! grep -qa "$(printf "\245\245\245\245")" raw.ef'

# ---- torn out in the middle, and again

run card write --reader 0 --set one.ef --adm-file adm
check "one is on the card" '[ $rc = 0 ]'
for n in 14 20 21 22 23 24 26 30; do
	remove
	fault "{\"at\":$n,\"do\":\"gone\"}"
	before=$(grep -ac 'Card Removed From' "$PCSC_BENCH_DIR/pcscd.log")
	insert
	run card write --reader 0 --set two.ef --adm-file adm
	[ $rc = 0 ] || refuses "torn out at command $n" 4 "card"
	wait "$card" 2>/dev/null
	gone "$before"
	insert
	run card read --reader 0 --out torn.ef
	check "torn at $n: old, new or nothing" '{ [ $rc = 4 ] && [ ! -e torn.ef ]; } || cmp -s torn.ef one.ef || cmp -s torn.ef two.ef'
	rm -f torn.ef
	run card write --reader 0 --set two.ef --adm-file adm
	check "torn at $n: completed" '[ $rc = 0 ]'
	run card read --reader 0 --out torn.ef
	check "torn at $n: reads right" 'cmp -s torn.ef two.ef'
	rm -f torn.ef
	run card write --reader 0 --set one.ef --adm-file adm
done
remove
fault '{"ins":"D6","do":"sw","value":"6581"}'
insert
run card write --reader 0 --set two.ef --adm-file adm
refuses "worn out card" 5 "6581"
remove

# ---- from the ledger

cp -r "$root/factory/profiles/make-pki.sh" .
sh make-pki.sh pki >/dev/null 2>&1
cat >profile.yaml <<'YAML'
product: card-psk
endpoint: "urn:dev:ops:0001B2-CARD-{serial}"
keys: persistent
enabler: "1.1"
psk:
  identity: "{endpoint}"
  length: 16
accounts:
  - role: bootstrap
    uri: coaps://bs.example.com:5684
    security: psk
    ciphersuites: [TLS_PSK_WITH_AES_128_CCM_8]
targets:
  card:
    read-rule: pin
seal:
  station-key: pki/station.key
YAML
printf 'serial,iccid\nC1,8988211000000000011\nC2,8988211000000000029\n' >devices.csv
printf 'serial\nD1\n' >more.csv
run batch new --ledger l.db --profile profile.yaml --devices devices.csv --name b
check "a batch of cards" '[ $rc = 0 ]'
run batch run --ledger l.db --batch b --out files
check "its keys are made" '[ $rc = 0 ]'
run batch new --ledger l.db --profile profile.yaml --devices more.csv --name more
run batch run --ledger l.db --batch more --out files
endpoint=urn:dev:ops:0001B2-CARD-C1
rm -f $state
insert --iccid 8988211000000000029
run card write --reader 0 --ledger l.db --endpoint $endpoint --adm-file adm --pin-file pin
refuses "the unit belongs to another card" 7 "not 8988211000000000011"
run card info --json
check "which was not touched" '[[ $out == *"\"odf_bytes\":null"* ]]'
remove
rm -f $state
insert --iccid 8988211000000000011
run card write --reader 0 --ledger l.db --endpoint nobody --adm-file adm --pin-file pin
refuses "no such unit" 4 "nobody"
run card write --reader 0 --ledger l.db --endpoint $endpoint --adm-file adm
refuses "the profile asks for the PIN" 2 "pin-file"
run card write --reader 0 --ledger l.db --endpoint $endpoint --adm-file adm --pin-file pin --json
check "written from the ledger" '[ $rc = 0 ] && [[ $out == *"\"iccid\":\"8988211000000000011\""* ]]'
run card verify --reader 0 --ledger l.db --endpoint $endpoint --pin-file pin
check "verified against the ledger" '[ $rc = 0 ]'
run batch status --ledger l.db --json
check "released" '[[ $out == *"\"released\":1"* ]]'
run card write --reader 0 --ledger l.db --endpoint $endpoint --adm-file adm --pin-file pin
refuses "a released unit is not written again" 7 "released"
check "but says how" 'grep -q -- "--rewrite" err'

# A finished unit again: onto its own card, when that holds nothing else.
events() { run ledger show --ledger l.db --endpoint $endpoint && [ "$(grep -c card-verified <<<"$out")" = "$1" ]; }
again=(card write --reader 0 --ledger l.db --endpoint "$endpoint" --adm-file adm --pin-file pin --rewrite)
run "${again[@]}" --json
check "it is there already" '[ $rc = 0 ] && [[ $out == *"already there"* ]] && events 1'
run card wipe --reader 0 --adm-file adm --pin-file pin --yes
check "the card is wiped" '[ $rc = 0 ]'
run card verify --reader 0 --ledger l.db --endpoint $endpoint --pin-file pin
refuses "and holds nothing" 4 "nothing there"
run "${again[@]}" --dry-run
check "a dry run writes nothing" '[ $rc = 0 ] && events 1'
run "${again[@]}" --json
check "the same keys again" '[ $rc = 0 ] && [[ $out == *"\"result\":\"written\""* ]]'
run card verify --reader 0 --ledger l.db --endpoint $endpoint --pin-file pin
check "verified against the ledger" '[ $rc = 0 ] && events 2'
run batch status --ledger l.db --json
check "and is released as before" '[[ $out == *"\"released\":1"* ]]'
run ledger verify --ledger l.db
check "the ledger holds" '[ $rc = 0 ]'
run card write --reader 0 --set one.ef --adm-file adm --pin-file pin
check "somebody writes another set" '[ $rc = 0 ]'
run "${again[@]}"
refuses "which is not overwritten" 7 "holds another set"
run card wipe --reader 0 --adm-file adm --pin-file pin --yes
run "${again[@]}" --recreate
refuses "the file stays" 2 "exclude each other"
run card write --reader 0 --set one.ef --adm-file adm --pin-file pin --rewrite
refuses "a set without ledger needs no leave" 2 "goes with --ledger"
remove
rm -f other.json
state=other.json insert --iccid 8988211000000000037
run "${again[@]}"
refuses "another card" 7 "not 8988211000000000011"
remove
insert
run "${again[@]}"
check "its own card" '[ $rc = 0 ]'
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-D1 --adm-file adm --pin-file pin --read-rule always --dry-run
refuses "bound elsewhere" 7 "8988211000000000011"
check "an option against the profile is said" 'grep -q "warning: --read-rule always: the profile of batch .more. says read-rule: pin" err'
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-D1 --adm-file adm --pin-file pin --read-rule pin --no-opensc-compatible --dry-run
check "one with it is not" '! grep -q "warning: --read-rule" err && grep -q "warning: --no-opensc-compatible: .* opensc-compatible: true" err'
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-C2 --adm-file adm --pin-file pin
refuses "the next unit wants its own card" 7 "not 8988211000000000029"
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-D1 --adm-file adm --pin-file pin
refuses "this card has its unit" 7 "8988211000000000011"
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-D1 --adm-file adm --pin-file pin --dry-run
refuses "a dry run says so too" 7 "8988211000000000011"

remove
cp bare1.json bare3.json
state=bare3.json insert
run card write --reader 0 --ledger l.db --endpoint urn:dev:ops:0001B2-CARD-D1 --adm-file adm --pin-file pin
refuses "no ledger's card without ICCID" 7 "has no EF(ICCID) that can be read"
run card verify --reader 0 --ledger l.db --endpoint $endpoint --pin-file pin
refuses "nor is it the unit's" 6 "the card is without ICCID"

# Unit and card belong together from the first octet of the keys on, not before.
d1=urn:dev:ops:0001B2-CARD-D1
bound() { run ledger show --ledger l.db --endpoint $d1; [[ $out == *", card $1"* ]]; }
remove
rm -f $state
insert --iccid 8988211000000000037
run card write --reader 0 --ledger l.db --endpoint $d1 --adm-file adm.wrong --pin-file pin
refuses "wrong ADM" 5 "ADM1 is wrong"
check "the unit is bound to no card" '! bound 8'
remove
fault '{"ins":"E0","do":"sw","value":"6A84"}'
insert
run card write --reader 0 --ledger l.db --endpoint $d1 --adm-file adm --pin-file pin
refuses "a card that is full" 5 "6A84"
check "the unit is bound to no card" '! bound 8'
remove
rm -f $state
insert --iccid 8988211000000000037
run card write --reader 0 --set one.ef --adm-file adm --pin-file pin --read-rule pin --trace
keys=$(awk '/^>/ { n++ } /^> 00d6[0-9a-f]* [0-9a-f]* \[/ { print n; exit }' err)
check "the trace shows the first command with keys" '[ $rc = 0 ] && [ "${keys:-0}" -gt 10 ]'
remove
rm -f $state
insert --iccid 8988211000000000045
remove
fault "{\"at\":$keys,\"do\":\"sw\",\"value\":\"6581\"}"
insert
run card write --reader 0 --ledger l.db --endpoint $d1 --adm-file adm --pin-file pin
refuses "worn out under the keys" 5 "6581"
check "the unit is bound to this card" 'bound 8988211000000000045'
remove
rm -f $state
insert --iccid 8988211000000000037
run card write --reader 0 --ledger l.db --endpoint $d1 --adm-file adm --pin-file pin
refuses "the keys go to no other card" 7 "not 8988211000000000045"
run ledger verify --ledger l.db
check "the ledger holds" '[ $rc = 0 ]'
remove

# ---- the daemon dies in the middle: no card's fault

daemon() { # ours, by its own pid file in our own /run
	kill -9 "$(tr -dc 0-9 </run/pcscd/pcscd.pid)"
}
dies_at() { # command of the writer, rest of the command line: killed while the card thinks about it
	local at=$1 lines=0
	shift
	remove
	fault "{\"at\":$at,\"do\":\"slow\",\"value\":20000}"
	insert
	timeout 60 "$IMPRINT" "$@" >out 2>err </dev/null &
	local writer=$!
	for _ in $(seq 100); do # boot has no trace: it gets there in 2 s
		lines=$(grep -c '^>' err)
		[ "$lines" -ge "$at" ] && break
		sleep 0.02
	done
	daemon
	wait $writer
	rc=$?
	out=$(cat out) err=$(grep '^imprint\|^   ' err)
	printf '%s\n' "$err" >err
	kill -9 "$card"
	wait "$card" 2>/dev/null
	card=
}
again() { # the daemon, as systemd would have it
	rm -f /run/pcscd/*
	: >"$PCSC_BENCH_DIR/pcscd.log"
	(pcscd -f -i -c "$PCSC_BENCH_DIR/reader.conf.d" >"$PCSC_BENCH_DIR/pcscd.log" 2>&1 </dev/null &)
	for _ in $(seq 200); do
		[ -S /run/pcscd/pcscd.comm ] && break
		sleep 0.02
	done
}
for step in 5 $((keys + 1)); do
	rm -f $state
	insert --iccid 8988211000000000037
	dies_at "$step" card write --reader 0 --set one.ef --adm-file adm --pin-file pin --read-rule pin --trace
	refuses "the daemon died at command $step" 4 "smart card service"
	check "and what to do about it" 'grep -q "start pcscd.*repeat the same command" err && ! grep -q "card is gone\|put the card" err'
	run card list
	refuses "no daemon" 4 "service is not running"
	again
	insert
	run card write --reader 0 --set one.ef --adm-file adm --pin-file pin --read-rule pin
	check "completed after that" '[ $rc = 0 ]'
	remove
done
insert
dies_at 4 card read --reader 0 --trace
refuses "the daemon died under a reader" 4 "smart card service"
again
insert
dies_at 12 card verify --reader 0 --pin-file pin --trace
refuses "the daemon died under the device's reader" 4 "smart card service"
again
insert
dies_at 6 boot --reader 0 --pin-file pin --json
check "the daemon died under a boot" '[ $rc = 4 ] && [[ $out == *"\"card\":{\"status\":\""*"smart card service is not running"* ]]'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
