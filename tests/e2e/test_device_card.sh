#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint device with a card in a real pcscd: what the card holds is taken, watched at each message to
# its server, disabled when it changes and deleted when it is pulled (N4, N5).
set -u
here=$(cd "$(dirname "$0")" && pwd)
IMPRINT=${IMPRINT:-${O:-build}/imprint}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
export IMPRINT

if [ "${1:-}" != --inside ]; then
	PATH=$PATH:/usr/sbin:/sbin
	for tool in pcscd unshare ip jq; do
		command -v $tool >/dev/null || {
			echo "test_device_card: $tool is missing; .ci/install installs it" >&2
			exit 1
		}
	done
	exec bash "$here/pcsc_bench.sh" -- bash "$here/test_device_card.sh" --inside
fi

passed=0 failed=0
check() { # what, command
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -5 run.err 2>/dev/null | sed 's/^/    /'
	fi
}
work=$(mktemp -d)
card='' pids=()
finish() {
	for p in "${pids[@]}" $card; do kill -9 "$p" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 1
umask 077
printf 12345678 >adm

seen() { grep -ac "$1" "$PCSC_BENCH_DIR/pcscd.log"; }
insert() {
	local before
	before=$(seen 'Card inserted into')
	"$IMPRINT" card emulate --state card.json >emulate.log 2>&1 &
	card=$!
	for _ in $(seq 200); do
		[ "$(seen 'Card inserted into')" -gt "$before" ] && return
		sleep 0.05
	done
	echo "no card came up: $(cat emulate.log)"
	exit 1
}
remove() {
	local before
	before=$(seen 'Card Removed From')
	kill -TERM "$card"
	wait "$card"
	card=''
	for _ in $(seq 200); do
		[ "$(seen 'Card Removed From')" -gt "$before" ] && break
		sleep 0.05
	done
}
account() { # lifetime: server 101 on the port of the management server
	printf '{"objects":[{"id":0,"version":"implicit","instances":[{"id":0,"resources":['
	printf '{"id":0,"name":"LWM2M Server URI","type":"string","value":"coap://127.0.0.1:%s"},' "$dm"
	printf '{"id":1,"name":"Bootstrap-Server","type":"boolean","value":false},'
	printf '{"id":2,"name":"Security Mode","type":"integer","value":3},'
	printf '{"id":10,"name":"Short Server ID","type":"integer","value":101}]}]},'
	printf '{"id":1,"version":"implicit","instances":[{"id":0,"resources":['
	printf '{"id":0,"name":"Short Server ID","type":"integer","value":101},'
	printf '{"id":1,"name":"Lifetime","type":"integer","value":%s},' "$1"
	printf '{"id":6,"name":"Notification Storing When Disabled or Offline","type":"boolean","value":false},'
	printf '{"id":7,"name":"Binding","type":"string","value":"U"}]}]}]}\n'
}
events() { jq -c "select($1)" run.log 2>/dev/null | wc -l; }
await() { # jq filter, how often: at most ten seconds
	for _ in $(seq 200); do
		[ "$(events "$1")" -ge "$2" ] && return 0
		sleep 0.05
	done
	return 1
}

python3 "$here/dm_server.py" >dm.log 2>&1 &
pids+=($!)
for _ in $(seq 100); do
	dm=$(sed -nE 's/.*"port": ([0-9]+).*/\1/p' dm.log)
	[ -n "$dm" ] && break
	sleep 0.05
done
account 300 >one.json
account 120 >two.json
"$IMPRINT" --quiet set convert one.json --to ef --out one.ef && "$IMPRINT" --quiet set convert two.json --to ef --out two.ef || exit 1
device=(--endpoint card-1 --store card.store --reader 0)

check "an empty slot: nothing to be done" eval '! "$IMPRINT" device boot "${device[@]}" >/dev/null 2>&1'
insert
check "a card without the application: the same" eval '! "$IMPRINT" device boot "${device[@]}" >/dev/null 2>&1'
check "written" "$IMPRINT" --quiet card write --reader 0 --set one.ef --adm-file adm
out=$("$IMPRINT" --quiet device boot "${device[@]}")
check "the server is the card's" grep -q '101, /1/0, from the card' <<<"$out"

# An Update is due at half of the lifetime; time runs a hundred times as fast.
"$IMPRINT" --json device run "${device[@]}" --time-scale 100 >run.log 2>run.err </dev/null &
running=$!
pids+=("$running")
check "registered, with what the card says" await '.event == "registered" and .lifetime == 300' 1
check "and updated, the card looked at before" await '.event == "updated"' 1
check "it is the same card" [ "$(events '.event == "card" and .change == "same"')" -ge 2 ]
for _ in 1 2 3 4 5; do
	"$IMPRINT" --quiet card write --reader 0 --set two.ef --adm-file adm 2>write.err && break
	sleep 0.2
done
check "the card is written while the device has it" [ ! -s write.err ]
check "seen as changed" await '.event == "card" and .change == "changed"' 1
check "disabled, and the new content applied" await '.event == "applied" and .from == "card" and .ok' 1
check "registered anew" await '.event == "registered" and .lifetime == 120' 1
remove
check "pulled: seen with the next Update" await '.event == "card" and .change == "removed"' 1
check "and deleted" await '.event == "card-deleted"' 1
kill -TERM "$running"
wait "$running"
check "it ends well" [ $? = 0 ]
check "nothing is left of it" eval '! "$IMPRINT" device boot "${device[@]}" >/dev/null 2>&1'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
