#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint server on loopback, against a device written from the specifications (bs_device.py), the
# command line clients of two libraries, and against being killed.
# shellcheck disable=SC2154 # root, out and rc come from batch_lib.sh
set -u
# shellcheck source=tests/e2e/batch_lib.sh
. "$(dirname "$0")/batch_lib.sh"
profiles
device=$here/bs_device.py
pid=''
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; [ -z "${KEEP:-}" ] && rm -rf "$work"' EXIT

serve() { # arguments of server run; sets dtls and plain to the ports
	: >server.log # the ports of the last one are not this one's
	"$IMPRINT" --json server run --ledger l.db --listen coaps://127.0.0.1:0 --listen coap://127.0.0.1:0 --allow-nosec "$@" \
		>server.log 2>server.err </dev/null &
	pid=$!
	for _ in $(seq 600); do
		[ "$(grep -c '"event":"listening"' server.log)" = 2 ] && break
		sleep 0.05
	done
	dtls=$(sed -nE 's/.*"uri":"coaps:[^"]*","port":([0-9]+).*/\1/p' server.log)
	plain=$(sed -nE 's/.*"uri":"coap:[^"]*","port":([0-9]+).*/\1/p' server.log)
}
stop() { # signal
	kill "-${1:-TERM}" "$pid"
	wait "$pid"
	rc=$?
	pid=''
}
bs() { # arguments of the device; $out is what it tells
	out=$(python3 "$device" --server "$plain" "$@" 2>&1)
	rc=$?
}
tells() { # what, jq filter that must hold for $out
	if jq -e "$2" >/dev/null 2>&1 <<<"$out"; then ok; else bad "$1"; fi
}
events() { # jq filter over the log, counted
	jq -c "select($1)" server.log | wc -l
}

sed 's/^targets:/  - role: server\n    uri: coaps:\/\/dm.example.com:5684\n    security: psk\n    short-server-id: 101\n    lifetime: 86400\n    psk:\n      identity: "dm-{serial}"\n      length: 16\n&/' psk.yaml >full.yaml
cat >air.yaml <<END
product: meter
endpoint: "urn:dev:ops:0001B2-{serial}"
keys: persistent
accounts:
  - role: bootstrap
    uri: coaps://bs.example.com:5684
    security: psk
    psk:
      identity: "bs2-{serial}"
      length: 32
  - role: server
    uri: coaps://dm.example.com:5684
    security: psk
    short-server-id: 202
    lifetime: 300
    psk:
      identity: "dm2-{serial}"
      length: 16
targets:
  flash:
    layout: $root/flash-images/layouts/nor-4k.yaml
seal:
  station-key: pki/station.key
END
devices d.csv S- 6
expect 0 "plan" batch new --ledger l.db --profile full.yaml --devices d.csv --name full
expect 0 "run" batch run --ledger l.db --batch full --out out
devices e.csv E- 4
expect 0 "plan without a server account" batch new --ledger l.db --profile psk.yaml --devices e.csv --name bare
expect 0 "run" batch run --ledger l.db --batch bare --out out
ep=urn:dev:ops:0001B2-S-00001

# ---- what the unit's own payload holds ---------------------------------------------------------

serve
bs --query "ep=$ep"
check "bootstrap: finished" [ $rc = 0 ]
tells "Discover first" '.requests[0] | .method == "GET" and .path == ""'
tells "Delete of the objects that are written" '[.requests[] | select(.method == "DELETE") | .path] == ["0", "1"]'
tells "Writes in TLV, ids as they are" '[.requests[] | select(.method == "PUT") | [.path, .format]] | length == 2 and all(.[1] == 11542)'
tells "Finish last, once" '[.requests[] | select(.method == "POST")] == [{"method":"POST","path":"bs","bytes":0}] and .requests[-1].method == "POST"'
tells "the account of the device is left alone" '[.requests[] | select(.path == "0/1" and .method == "PUT")] | length == 0'
for pct in 110 112 11542; do
	bs --query "ep=$ep" --query "pct=$pct"
	tells "pct=$pct is obeyed" "[.requests[] | select(.method == \"PUT\") | .format] | all(. == $pct)"
done
bs --query "ep=$ep" --twice
tells "a repeated request is one bootstrap" '[.requests[] | select(.path == "bs")] | length == 1'
bs --query "ep=$ep" --refuse 1
check "a refused Delete is passed over" [ $rc = 0 ]
bs --query "ep=$ep" --finish 4.06
check "a refused Finish ends it" [ $rc = 1 ]
check "and is told, with what the device says" [ "$(events '.event == "failed" and .code == "4.06" and .text == "K7: not whole"')" = 1 ]
bs --pack --query "ep=$ep" --query 'acc=</0/0>'
check "a pack" [ $rc = 0 ]
bs --pack --query "ep=$ep" --accept 11544
tells "a pack in a form that is not made here" '.answers == ["4.06"]'
bs --query "ep=$ep" --links '</0/0>,</0/1>;ssid=9,</3/0>'
tells "the account in /0/0: ours goes elsewhere" '[.requests[] | select(.method == "PUT" and (.path | startswith("0/"))) | .path] | all(. != "0/0")'

# ---- refusals ------------------------------------------------------------------------------------

for query in "" "ep=" "ep=nobody" "ep=urn:dev:ops:0001B2-E-00001" "ep=$(printf 'x%.0s' $(seq 129))" "pct=112"; do
	bs ${query:+--query "$query"} --seconds 3
	tells "refused: $query" '.answers == ["4.00"] and .requests == []'
done
bs --query "ep=$ep" --query "pct=11544"
tells "a format that is not written here" '.answers == ["4.15"]'
check "the server goes on" kill -0 "$pid"

handshake() { # identity, key; true when it is accepted
	timeout 10 gnutls-cli --udp -p "$dtls" 127.0.0.1 --pskusername "$1" --pskkey "$2" \
		--priority NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.2 </dev/null 2>&1 | grep -q 'Handshake was completed'
}
expect 0 "keys for the clients" batch export --ledger l.db --batch full --out keys.jsonl --reveal-secrets
key() { jq -r "select(.serial == \"$1\" and .role == \"$2\").psk" keys.jsonl; }
check "PSK of a bootstrap account" handshake id-S-00001 "$(key S-00001 bootstrap)"
check "control: the wrong key" eval '! handshake id-S-00001 "$(key S-00002 bootstrap)"'
check "an unknown identity" eval '! handshake id-S-99999 "$(key S-00001 bootstrap)"'
check "the identity of a server account is none here" eval '! handshake dm-S-00001 "$(key S-00001 server)"'
rm keys.jsonl
stop
check "stops when asked" [ $rc = 0 ]
check "and says how it went" [ "$(events '.event == "stopped" and .finished >= 7')" = 1 ]
expect 0 "the ledger holds" ledger verify --ledger l.db
expect 0 "what became of the unit" ledger show --ledger l.db --endpoint $ep
says '"result":"finished"'
says '"code":"4.06"'

# ---- accounts made over the air ------------------------------------------------------------------

secrets() { jq -r '.requests[] | select(.method == "PUT" and (.path | startswith("0/"))) | .hex' <<<"$out" | sort; }
ep=urn:dev:ops:0001B2-E-00001
serve --write air.yaml --key-file pki/station.key
bs --query "ep=$ep" --payloads --finish 4.06
first=$(secrets)
tells "the replacement goes where the account is" '[.requests[] | select(.method == "PUT") | .path] | index("0/1") != null'
stop KILL
check "killed after the keys were made" [ $rc = 137 ]
expect 0 "the ledger holds" ledger verify --ledger l.db
serve --write air.yaml
bs --query "ep=$ep" --payloads
check "finished" [ $rc = 0 ]
check "the very same keys again" [ -n "$first" -a "$(secrets)" = "$first" ]
bs --query "ep=urn:dev:ops:0001B2-E-00002" --payloads
check "another device has others" [ "$(secrets | comm -12 - <(printf '%s\n' "$first") | wc -l)" = 0 ]
stop
expect 0 "events" ledger show --ledger l.db --endpoint $ep
says delivery-made
check "made once" [ "$(grep -c delivery-made <<<"$out")" = 1 ]
expect 0 "keys of the batch" batch export --ledger l.db --batch bare --out bare.jsonl --reveal-secrets
# shellcheck disable=SC2034 # used in what is evaluated
old=$(jq -r 'select(.serial == "E-00001" and .role == "bootstrap").psk' bare.jsonl)
# shellcheck disable=SC2034
other=$(jq -r 'select(.serial == "E-00003" and .role == "bootstrap").psk' bare.jsonl)
serve --write air.yaml
check "the old identity is refused once it was replaced" eval '! handshake id-E-00001 "$old"'
check "control: one that was not replaced" handshake id-E-00003 "$other"
for at in 1 2 3 4 5 6; do
	bs --query "ep=urn:dev:ops:0001B2-E-00003" --die-at $at
	check "the device dies at request $at" [ $rc = 9 ]
done
bs --query "ep=urn:dev:ops:0001B2-E-00003"
check "and comes back" [ $rc = 0 ]
stop
expect 0 "the ledger holds" ledger verify --ledger l.db

# ---- without being asked -------------------------------------------------------------------------

sed 's/security: psk/security: none/; /psk:/,/length/d; s/coaps:/coap:/; s/product: meter/product: open/; s/5684/5683/' psk.yaml >open.yaml
devices o.csv O- 1
expect 0 "plan without keys" batch new --ledger l.db --profile open.yaml --devices o.csv --name open
expect 0 "run" batch run --ledger l.db --batch open --out out
sed 's/security: psk/security: none/; /psk:/,/length/d; s/coaps:/coap:/; s/5684/5683/; /role: bootstrap/,/security/d' air.yaml >airopen.yaml
port=$((20000 + RANDOM % 10000))
python3 "$device" --port $port --wait --seconds 30 >pushed.json &
waiting=$!
while ! ss -lun | grep -q ":$port "; do sleep 0.05; done
expect 0 "push" server push --ledger l.db --endpoint urn:dev:ops:0001B2-O-00000 --to coap://127.0.0.1:$port --write airopen.yaml
wait $waiting
out=$(cat pushed.json)
tells "written to without asking" '.finished and .answers == []'

# ---- rehearsals ----------------------------------------------------------------------------------

sha256sum l.db >before
expect 0 "a rehearsal of run" server run --ledger l.db --listen coaps://127.0.0.1:0 --write air.yaml --dry-run
says "nothing was opened"
expect 0 "a rehearsal of push" server push --ledger l.db --endpoint urn:dev:ops:0001B2-E-00002 --to coaps://127.0.0.1:5683 --write air.yaml --dry-run
check "the ledger is as it was" sha256sum --quiet -c before

# ---- bad input -----------------------------------------------------------------------------------

run server run --ledger l.db --listen coap://127.0.0.1:0
check "plain CoAP has to be allowed" [ $rc = 2 ]
says "allow-nosec"
expect 2 "a URI that is none" server run --ledger l.db --listen nowhere
expect 4 "no ledger" server run --ledger none.db --listen coaps://127.0.0.1:0
expect 2 "a word that is none" server run --ledger l.db --listen coaps://127.0.0.1:0 --clear everything
expect 2 "a key without certificate" server run --ledger l.db --listen coaps://127.0.0.1:0 --cert-key pki/ca.key
expect 2 "both kinds on one port" server run --ledger l.db --listen coaps://127.0.0.1:0 --cert pki/ca.pem --cert-key pki/ca.key --rpk-key pki/ca.key
expect 3 "not a certificate" server run --ledger l.db --listen coaps://127.0.0.1:0 --cert psk.yaml --cert-key pki/ca.key
expect 3 "another certificate's key" server run --ledger l.db --listen coaps://127.0.0.1:0 --cert pki/ca.pem --cert-key pki/bs.key
expect 3 "a profile with an error" server run --ledger l.db --listen coaps://127.0.0.1:0 --write d.csv
expect 0 "a ledger with nothing to write" batch new --ledger bare.db --profile psk.yaml --devices e.csv --name bare
expect 0 "run" batch run --ledger bare.db --batch bare --out outb
expect 7 "is refused at the start" server run --ledger bare.db --listen coaps://127.0.0.1:0
says "--write"
expect 4 "push to nobody" server push --ledger l.db --endpoint nobody --to coap://127.0.0.1:5683
finish
