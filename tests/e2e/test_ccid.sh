#!/bin/bash
# imprint boot --ccid through the real libusb, on readers that umockdev puts into /dev and /sys; each
# complains (exit 99) about transfers that no reader should get.  Ends with "N passed, N failed".
set -u
I=${IMPRINT:-${O:-build}/imprint}
case $I in /*) ;; *) I=$PWD/$I ;; esac
bench=${O:-build}/tests/usb/ccid_bench
case $bench in /*) ;; *) bench=$PWD/$bench ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# The kinds of enum ccid_fault.
EXTEND=4 MUTE=6 REMOVED=9 UNPLUGGED=10 CUT=11 FLIP=12

# exit code, part of the result ("-": none), part of the message, what the readers are, command
step() {
	local want=$1 result=$2 message=$3 readers=$4 rc bad=0
	shift 4
	# shellcheck disable=SC2086 # several options
	timeout 60 umockdev-wrapper "$bench" $readers -- "$I" "$@" >out 2>err </dev/null
	rc=$?
	[ "$rc" = "$want" ] || bad=1
	if [ "$result" = - ]; then [ ! -s out ] || bad=1; else grep -qF -- "$result" out || bad=1; fi
	if [ "$message" = - ]; then [ ! -s err ] || bad=1; else grep -qF -- "$message" err || bad=1; fi
	if [ $bad = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $readers: imprint $* (exit $rc)"
		sed 's/^/    | /' out err
	fi
}

json='"source":"card"'
for packet in 8 64 512; do
	step 0 "$json" - "packet=$packet" boot --ccid --json
done
step 0 "$json" - "level=2" boot --ccid --json
step 0 "$json" - "level=1 protocol=0" boot --ccid --json
step 0 "$json" - "max=64" boot --ccid --json
step 3 - 'the card speaks T=1' "level=1" boot --ccid
step 3 - 'exchanges single characters only' "level=0" boot --ccid

step 0 "$json" - "" boot --ccid 08e6:4433 --json
step 0 "$json" - "" boot --json --ccid=08E6:4433
step 0 "$json" - "" boot --ccid 'Fake CCID' --json
step 4 - "no reader '1234:5678'" "" boot --ccid 1234:5678
step 4 - 'no card reader' "readers=0" boot --ccid
step 2 - 'meant: 0: 08e6:4433 1-1 Fake CCID (card); 1: 08e6:4433 1-2 Fake CCID (card)' "readers=2" boot --ccid
step 2 - "--ccid '08e6:4433' fits 2 readers" "readers=2" boot --ccid 08e6:4433
step 0 "$json" - "readers=2" boot --ccid 1 --json
step 0 "$json" - "readers=2" boot --ccid '08e6:4433 1-2' --json
step 4 - 'no card in the reader' "empty=1" boot --ccid
step 7 - 'systemctl stop pcscd' "busy=1" boot --ccid
step 2 - 'both name the card' "" boot --ccid --reader 0

step 0 "$json" - "fault=$EXTEND at=4 value=3" boot --ccid --json
for at in 1 4 9; do
	step 4 'source      nothing' 'torn out' "fault=$UNPLUGGED at=$at" boot --ccid
	step 4 'source      nothing' 'torn out' "fault=$REMOVED at=$at" boot --ccid
	step 4 'source      nothing' 'input/output' "fault=$CUT at=$at value=11" boot --ccid
done
step 4 'source      nothing' 'input/output' "fault=$MUTE at=4" boot --ccid
step 4 'source      nothing' 'input/output' "fault=$FLIP at=4 value=48" boot --ccid

echo "ccid: $passed passed, $failed failed"
[ $failed = 0 ]
