#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint device on loopback: out of an image of a batch, bootstrapped over DTLS by imprint server,
# registered at a management server written from the specifications (dm_server.py).
# shellcheck disable=SC2154,SC2034 # root, out and rc are batch_lib.sh's
set -u
# shellcheck source=tests/e2e/batch_lib.sh
. "$(dirname "$0")/batch_lib.sh"
profiles
pids=()
trap 'for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done; wait 2>/dev/null; [ -z "${KEEP:-}" ] && rm -rf "$work"' EXIT

port() { # file: of what listens and says so there
	local p=''
	for _ in $(seq 600); do
		p=$(sed -nE 's/.*"port": ?([0-9]+).*/\1/p' "$1" 2>/dev/null | head -1)
		[ -n "$p" ] && break
		sleep 0.05
	done
	echo "$p"
}
manage() { # log, arguments; $dm is the port
	python3 "$here/dm_server.py" "${@:2}" >"$1" 2>&1 &
	pids+=($!)
	dm=$(port "$1")
}
serve() { # arguments; $server its process
	: >server.log
	"$IMPRINT" --json server run --ledger l.db --listen "coaps://127.0.0.1:$bs" "$@" >server.log 2>server.err </dev/null &
	server=$!
	pids+=("$server")
	[ -n "$(port server.log)" ] || { cat server.err; exit 1; }
}
events() { # file, jq filter; how often
	jq -c "select($2)" "$1" | wc -l
}
device() { # log, arguments: a device that runs to its end
	"$IMPRINT" --json device run "${@:2}" >"$1" 2>"$1.err" </dev/null
	rc=$?
	out=$(cat "$1" "$1.err")
}

bs=$((20000 + RANDOM % 20000))
manage dm.log --ask-from 2 --ask 'GET /3/0' --ask 'GET /0' --ask 'GET /21' --ask 'POST /1/0/8'
sed "s|coaps://bs.example.com:5684|coaps://127.0.0.1:$bs|" psk.yaml >local.yaml
cat >air.yaml <<END
product: meter
endpoint: "urn:dev:ops:0001B2-{serial}"
keys: persistent
accounts:
  - role: server
    uri: coap://127.0.0.1:$dm
    security: none
    short-server-id: 101
    lifetime: 300
targets:
  flash:
    layout: $root/flash-images/layouts/nor-4k.yaml
seal:
  station-key: pki/station.key
END
devices d.csv S- 4
expect 0 "plan" batch new --ledger l.db --profile local.yaml --devices d.csv --name one
expect 0 "run" batch run --ledger l.db --batch one --out out
image() { find out -name "*$1*.bin" | head -1; }
one=(--endpoint urn:dev:ops:0001B2-S-00001 --flash "$(image S-00001)" --layout "$root/flash-images/layouts/nor-4k.yaml" --store one.store)

# ---- before the network ------------------------------------------------------------------------

expect 0 "boot" device boot "${one[@]}"
says "next       bootstrap"
check "the store is for its owner alone" [ "$(stat -c %a one.store)" = 600 ]
expect 4 "a device that has nothing" device boot --endpoint x --store empty.store
says "neither a server nor a bootstrap account"
expect 4 "nor has it anything to reach" device run --endpoint x --store empty.store --until registered

# ---- bootstrap, register, be managed -------------------------------------------------------------

device nobody.log "${one[@]}" --until bootstrapped --lifetime-of-run 2
check "no server: said as such" [ $rc = 4 -o $rc = 5 ]
serve --write air.yaml --key-file pki/station.key
device one.log "${one[@]}" --until registered --lifetime-of-run 30
check "bootstrapped and registered" [ $rc = 0 ]
check "once" [ "$(events one.log '.event == "bootstrapped"')" = 1 ]
check "its requests are told, without what they hold" [ "$(events one.log '.event == "bootstrap-request" and .method == "PUT" and .code == "2.04"')" -ge 2 ]
check "Register as it should be (int-101)" \
	[ "$(events dm.log '.path == "rd" and .query == ["b=U","ep=urn:dev:ops:0001B2-S-00001","lt=300","lwm2m=1.1"] and .payload == "</1/0>,</3/0>"')" = 1 ]
for _ in $(seq 100); do
	[ "$(events server.log '.event == "finished"')" = 1 ] && break
	sleep 0.05
done
check "the server says so too" [ "$(events server.log '.event == "finished"')" = 1 ]
"$IMPRINT" --json device run "${one[@]}" >run.log 2>run.err </dev/null &
running=$!
pids+=("$running")
for _ in $(seq 200); do
	[ "$(events run.log '.event == "updated"')" = 1 ] && break
	sleep 0.05
done
check "a restart needs no bootstrap" [ "$(events run.log '.event == "bootstrapping"')" = 0 ]
check "GET /3/0" [ "$(events run.log '.event == "request" and .path == "/3/0" and .code == "2.05"')" = 1 ]
check "GET /0 and /21 are 4.01 (int-221)" [ "$(events run.log '.event == "request" and (.path == "/0" or .path == "/21") and .code == "4.01"')" = 2 ]
check "1/x/8: an Update (int-104)" [ "$(events run.log '.event == "updated"')" = 1 ]
expect 7 "a second device on the same store" device run "${one[@]}" --until registered
kill -TERM "$running"
wait "$running"
check "SIGTERM: ends well" [ $? = 0 ]
check "and de-registers (int-103)" [ "$(events dm.log '.event == "delete" and .path == "rd/7"')" = 1 ]
for secret in $("$IMPRINT" batch export --ledger l.db --batch one --reveal-secrets --out keys.jsonl >/dev/null 2>&1 && jq -r .psk keys.jsonl); do
	check "no secret is told" eval '! grep -qi "$secret" one.log one.log.err run.log run.err'
done
rm -f keys.jsonl

# ---- killed --------------------------------------------------------------------------------------

two=(--endpoint urn:dev:ops:0001B2-S-00002 --flash "$(image S-00002)" --store two.store)
for ms in 005 010 020 030 040 060 080; do
	(timeout -s KILL 0.$ms "$IMPRINT" device run "${two[@]}" --until registered; true) >/dev/null 2>&1
done
device two.log "${two[@]}" --until registered --lifetime-of-run 30
check "killed at any moment, it comes to the same end" [ $rc = 0 ]
{ kill -KILL "$server"; wait "$server"; } 2>/dev/null
serve --write air.yaml --key-file pki/station.key
three=(--endpoint urn:dev:ops:0001B2-S-00003 --flash "$(image S-00003)" --store three.store)
device three.log "${three[@]}" --until registered --lifetime-of-run 30 --pct senml-cbor
check "a server that was killed, and SenML CBOR" [ $rc = 0 ]

four=(--endpoint urn:dev:ops:0001B2-S-00000 --flash "$(image S-00000)" --store pack.store)
device pack.log "${four[@]}" --until registered --lifetime-of-run 30 --pct senml-json --pack --lwm2m 1.2
check "as one pack (int-12)" [ $rc = 0 ]
check "with nothing else asked" [ "$(events pack.log '.event == "bootstrap-request"')" = 0 ]

# ---- the server begins ---------------------------------------------------------------------------

# A PSK, and a hold-off of an hour: the device waits to be spoken to (2015 text).
begin=$((20000 + RANDOM % 20000))
sed 's|^    uri: coaps:.*|&\n    hold-off: 3600|' local.yaml >waits.yaml
devices w.csv W- 1
expect 0 "plan" batch new --ledger l.db --profile waits.yaml --devices w.csv --name waits
expect 0 "run" batch run --ledger l.db --batch waits --out out
"$IMPRINT" --json device run --endpoint urn:dev:ops:0001B2-W-00000 --flash "$(image W-00000)" --store w.store \
	--listen "coaps://127.0.0.1:$begin" --until registered --lifetime-of-run 60 >w.log 2>w.err </dev/null &
waiting=$!
pids+=("$waiting")
for _ in $(seq 100); do
	[ "$(events w.log '.event == "hold-off" and .seconds == 3600')" = 1 ] && break
	sleep 0.05
done
expect 0 "push" server push --ledger l.db --endpoint urn:dev:ops:0001B2-W-00000 --to "coaps://127.0.0.1:$begin" --write air.yaml
wait "$waiting"
check "written to without asking, and registered" [ $? = 0 ]
check "told as such" [ "$(events w.log '.event == "bootstrapping" and .by == "server"')" = 1 ]

# ---- refusals ------------------------------------------------------------------------------------

device foreign.log --endpoint urn:dev:ops:0001B2-S-00003 --flash "$(image S-00002)" --store four.store --until bootstrapped --lifetime-of-run 3
check "another unit's name: refused" [ $rc = 5 ]
says '4.00'
expect 3 "not an image" device boot --endpoint x --flash local.yaml --store five.store
expect 3 "not a store" device boot --endpoint x --store local.yaml
expect 2 "a word that is none" device run --endpoint x --store five.store --until tomorrow
expect 2 "a pack that is no SenML" device run --endpoint x --store five.store --pack
expect 2 "a layout without flash" device boot --endpoint x --store five.store --layout nor-4k
expect 2 "no endpoint" device run --store five.store
expect 2 "an endpoint that is too long" device boot --endpoint "$(printf 'x%.0s' $(seq 129))" --store five.store
expect 4 "no such reader" device boot --endpoint x --store five.store --reader 'no such reader'
finish
