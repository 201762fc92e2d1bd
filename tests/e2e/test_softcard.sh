#!/bin/bash
# The softcard behind a real pcscd, seen by OpenSC alone: raw APDUs, PKCS#15, restarts, faults.
set -u
here=$(cd "$(dirname "$0")" && pwd)
IMPRINT=${IMPRINT:-${O:-build}/imprint}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
export IMPRINT

if [ "${1:-}" != --inside ]; then
	for tool in pcscd opensc-tool pkcs15-tool unshare ip; do
		PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || {
			echo "test_softcard: $tool is missing; .ci/install installs it" >&2
			exit 1
		}
	done
	PATH=$PATH:/usr/sbin:/sbin
	exec bash "$here/pcsc_bench.sh" -- bash "$here/test_softcard.sh" --inside
fi

passed=0 failed=0
check() { # what, condition
	if eval "$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		[ -z "${out:-}" ] || printf '%s\n' "$out" | sed 's/^/    /'
	fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
state=$work/card.json
card=

# The card in the first slot, there when this returns.
insert() { # options of card emulate
	local before
	before=$(grep -ac 'Card inserted into' "$PCSC_BENCH_DIR/pcscd.log")
	"$IMPRINT" card emulate --state "$state" "$@" >"$work/log" 2>&1 &
	card=$!
	for _ in $(seq 100); do
		[ "$(grep -ac 'Card inserted into' "$PCSC_BENCH_DIR/pcscd.log")" -gt "$before" ] && return
		kill -0 "$card" 2>/dev/null || break
		sleep 0.05
	done
	echo "no card came up: $(cat "$work/log")"
	echo "$passed passed, $((failed + 1)) failed"
	exit 1
}
# Its exit status.
remove() {
	local before rc
	before=$(grep -ac 'Card Removed From' "$PCSC_BENCH_DIR/pcscd.log")
	kill -TERM "$card" 2>/dev/null
	wait "$card"
	rc=$?
	for _ in $(seq 100); do
		[ "$(grep -ac 'Card Removed From' "$PCSC_BENCH_DIR/pcscd.log")" -gt "$before" ] && break
		sleep 0.05
	done
	return $rc
}
# Send APDUs in one session; what came back, one line each: data SW, spaces out.
apdus() {
	local a args=()
	for a in "$@"; do args+=(-s "$a"); done
	timeout 60 opensc-tool -r 0 "${args[@]}" </dev/null 2>&1 | awk '
		/^Sending/ {next}
		/^Received/ {if (n++) print line; match($0, /SW1=0x../); sw = substr($0, RSTART + 6, 2)
			match($0, /SW2=0x../); sw = sw substr($0, RSTART + 6, 2); line = sw; next}
		/^([0-9A-F][0-9A-F] )/ {h = substr($0, 1, 3 * int(length($0) / 4)); gsub(/ /, "", h)
			line = substr(line, 1, length(line) - 4) h sw; next}
		{print}
		END {if (n) print line}'
}
line() { # of $out, by number
	printf '%s\n' "$out" | sed -n "$1p"
}
fault() { # JSON of the list
	sed -i "s/\"faults\":\[\]/\"faults\":[$1]/" "$state"
}

adm=0020000A083132333435363738
adf=00A4040C0CA000000063504B43532D3135
tokeninfo=300702010003020000
odf=A706300404026430
dodf=302330003017
dodf+=0C0F$(printf 'LwM2M Bootstrap' | od -An -tx1 | tr -d ' \n')
dodf+=0604672B0901A106300404026432
payload=000100070000000000AA55

# ---- a new card, T=1
insert --protocol 1
out=$(opensc-tool -r 0 -a </dev/null 2>&1)
check "ATR of T=1" '[ "${out//:/}" = 3b9d9581b1fe451fc78031e073fe211365494d50000185 ]'
out=$(apdus 00B201F400 00A4080C022FE2 00B000000A 00B000000B 00B0000B01 00FE0000)
check "EF.DIR record" '[[ $(line 1) == 61144F0CA000000063504B43532D313551043F007F50*9000 ]]'
check "EF.ICCID" '[ "$(line 3)" = 988812010000000010F19000 ]'
check "end of file" '[ "$(line 4)" = 988812010000000010F16282 ]'
check "offset outside" '[ "$(line 5)" = 6B00 ]'
check "unknown instruction" '[ "$(line 6)" = 6D00 ]'
check "state file is for its owner alone" '[ "$(stat -c %a "$state")" = 600 ]'

# ---- channels
out=$(apdus 0070000001 01A4040C0CA000000063504B43532D3135 01A4000C027FFF 00A4000C027FFF 00708001 01A4000C023F00)
check "channel opens" '[ "$(line 1)" = 019000 ]'
check "application on the channel" '[ "$(line 3)" = 9000 ]'
check "not on the basic one" '[ "$(line 4)" = 6A82 ]'
check "channel closes" '[ "$(line 5)" = 9000 ] && [ "$(line 6)" = 6881 ]'

# ---- files written by raw commands, read by OpenSC
create() { # FID size SFI-octets(hex of tag 88)
	printf '00E00000%02X62%02X820241218302%s8A01058B036F06018002%s%s' \
		$((22 + ${#3} / 2)) $((20 + ${#3} / 2)) "$1" "$2" "$3"
}
update() { # octets
	printf '00D60000%02X%s' $((${#1} / 2)) "$1"
}
out=$(apdus "$adf" "$(create 6432 0040 880190)" $adm \
	"$(create 5031 0020 880188)" "$(update "$odf")" \
	"$(create 5032 0020 8800)" "$(update "$tokeninfo")" \
	"$(create 6430 0080 880180)" "$(update "$dodf")" \
	"$(create 6432 0040 880190)" "$(update "$payload")" "$(create 6432 0040 880190)")
check "CREATE without ADM" '[ "$(line 2)" = 6982 ]'
check "CREATE and UPDATE with it" '[ "$(line 3)$(line 4)$(line 5)$(line 6)$(line 7)$(line 8)$(line 9)$(line 10)$(line 11)" = 900090009000900090009000900090009000 ]'
check "CREATE again" '[ "$(line 12)" = 6A89 ]'
out=$(timeout 60 pkcs15-tool -r 0 -C </dev/null 2>&1)
check "OpenSC lists the object" '[[ $out == *"LwM2M Bootstrap"*2.23.43.9.1* ]]'
timeout 60 pkcs15-tool -r 0 -R 2.23.43.9.1 --raw -o "$work/read" </dev/null >/dev/null 2>&1
out=$(od -v -An -tx1 "$work/read" 2>&1 | tr -d ' \n')
check "OpenSC reads its content" '[ "${out:0:22}" = "${payload,,}" ] && [ ${#out} = 128 ]'

# ---- what lasts
out=$(apdus 0020000108FFFFFFFFFFFFFFFF)
check "wrong PIN" '[ "$(line 1)" = 63C2 ]'
remove
check "SIGTERM ends it well" '[ $? = 0 ]'
insert
out=$(apdus 00200001 0020000A $adf 00B092000B)
check "tries last" '[ "$(line 1)" = 63C2 ]'
check "a verified ADM does not" '[ "$(line 2)" = 63CA ]'
check "content lasts" '[ "$(line 4)" = ${payload}9000 ]'
kill -KILL "$card"
{ wait "$card"; } 2>/dev/null
sleep 0.5
insert
out=$(apdus $adf 00B092000B)
check "content lasts through SIGKILL" '[ "$(line 2)" = ${payload}9000 ]'

# ---- pace: 44 ms per command is what a delayed acknowledgement costs
reads=()
for _ in $(seq 100); do reads+=(00B092000B); done
start=$(date +%s%N)
out=$(apdus $adf "${reads[@]}")
took=$((($(date +%s%N) - start) / 1000000))
check "100 commands in $took ms" '[ $took -lt 2000 ] && [ "$(line 101)" = ${payload}9000 ]'

# ---- faults
remove
fault '{"ins":"D6","do":"torn","value":2}'
insert
out=$(apdus $adf $adm 00D6920004EEEEEEEE 00B0920004)
check "torn out in UPDATE" '[[ $out == *"transmit failed"* ]] && [ "$(grep -c 9000 <<<"$out")" = 2 ]'
wait "$card"
check "the emulator leaves with the card" '[ $? = 0 ] && grep -q "torn out at command" "$work/log"'
sleep 0.5
insert
out=$(apdus $adf 00B0920004)
check "two octets were written" '[ "$(line 2)" = EEEE00079000 ]'
remove
fault '{"at":2,"do":"sw","value":"6581"},{"at":3,"do":"slow","value":400}'
insert
# OpenSC sends commands of its own when it connects: ask for both numbers with what comes first.
start=$(date +%s%N)
out=$(apdus 00B201F400 00B201F400 00B201F400 00B201F400)
took=$((($(date +%s%N) - start) / 1000000))
check "slow by 400 ms, took $took" '[ $took -ge 400 ]'
check "faults strike once" '[ "$(grep -c "\"faults\":\[\]" "$state")" = 1 ]'
remove
fault '{"ins":"B0","do":"sw","value":"6581"}'
insert
out=$(apdus $adf 00B0920004 00B0920004)
check "status word on demand" '[ "$(line 2)" = 6581 ] && [ "$(line 3)" = EEEE00079000 ]'
remove

# ---- T=0
state=$work/t0.json
printf 'hex:0102030405060708\n' >"$work/adm"
printf '98765\n' >"$work/pin"
chmod 600 "$work/adm" "$work/pin"
insert --protocol 0 --iccid 89012345678901234567 --adm-file "$work/adm" --pin-file "$work/pin" --blank
out=$(opensc-tool -r 0 -a </dev/null 2>&1)
check "ATR of T=0" '[[ $out == 3b:9d:95:80:1f:c7:80:31:e0:73:fe:21:13:65:49:4d:50:00:01:* ]]'
out=$(apdus 00A40004022FE200 00B000000A 00B201F426 0020000A080102030405060708 00200001083938373635FFFFFF)
check "FCP through GET RESPONSE" '[ "$(line 1)" = 62178202412183022FE28A01058B032F06048002000A8801109000 ]'
check "ICCID chosen" '[ "$(line 2)" = 981032547698103254769000 ]'
check "blank card has free records" '[[ $(line 3) == FFFFFF*FF9000 ]]'
check "ADM from a file" '[ "$(line 4)" = 9000 ]'
check "PIN from a file" '[ "$(line 5)" = 9000 ]'
remove

# ---- mute: the daemon waits without limit, so this comes last
fault '{"ins":"B2","do":"mute"}'
insert
timeout 3 opensc-tool -r 0 -s 00B201F426 </dev/null >/dev/null 2>&1
check "mute" '[ $? = 124 ]'
kill -TERM "$card"
wait "$card"
check "a mute card leaves well" '[ $? = 0 ]'

# ---- refusals: one message, right exit, nothing written
refused() { # what, exit, words, options
	local what=$1 expected=$2 words=$3
	shift 3
	out=$("$IMPRINT" card emulate "$@" 2>&1 </dev/null)
	rc=$?
	[[ $rc == "$expected" && $out == *"$words"* ]]
	# shellcheck disable=SC2319 # of the condition, yes
	check "$what (exit $rc)" "[ $? = 0 ]"
}
echo '{' >"$work/bad.json"
refused "broken state" 3 "bad.json: not well-formed JSON" --state "$work/bad.json"
refused "no state" 2 state
refused "options for a card that exists" 2 "--iccid is for a new card" --state "$state" --iccid 89012345678901234567
refused "ICCID" 2 "18 to 20 digits" --state "$work/new.json" --iccid 12
refused "protocol" 2 protocol --state "$work/new.json" --protocol 2
refused "blank or not" 2 "exclude each other" --state "$work/new.json" --blank --with-adf
printf '123456789' >"$work/adm"
refused "ADM too long" 3 "4 to 8 octets" --state "$work/new.json" --adm-file "$work/adm"
refused "no ADM file" 4 "none.adm" --state "$work/new.json" --adm-file "$work/none.adm"
check "nothing was written" '[ ! -e "$work/new.json" ]'
refused "no folder" 4 "nowhere" --state "$work/nowhere/card.json"
refused "no reader" 4 "no virtual reader at 127.0.0.1:1" --state "$state" --port 1

echo "$passed passed, $failed failed"
[ $failed = 0 ]
