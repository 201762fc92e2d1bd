#!/bin/bash
# One private PC/SC world: own network, own /run/pcscd, own pcscd, softcards in its readers.
#
#   tests/e2e/pcsc_bench.sh [--card STATE.json]... -- COMMAND...
#
# Up to four cards, each in a slot: "Virtual PCD 00 00", "00 01", then "Second PCD 00 00", "00 01".
# A state file that does not exist becomes a new card.  Runs as root, or as an ordinary user where
# unprivileged user namespaces are allowed; several at once do not disturb each other.
# Needs: pcscd vsmartcard-vpcd iproute2 util-linux.
# Environment: IMPRINT  the program (default $O/imprint, O=build, else the one in the PATH)
# COMMAND gets PCSC_BENCH_DIR: pcscd.log, and of card n (from 1) card-n.log, card-n.pid, card-n.port.
# It also gets OPENSC_CONF.  Exit: that of COMMAND; 70 when the readers or cards do not come up.
set -u
here=$(cd "$(dirname "$0")" && pwd)
IMPRINT=${IMPRINT:-${O:-build}/imprint}
[ -x "$IMPRINT" ] || IMPRINT=$(command -v imprint) || {
	echo "pcsc_bench.sh: no program here and none in the PATH; make builds build/imprint" >&2
	exit 70
}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
export IMPRINT OPENSC_CONF="$here/opensc.conf"

if [ "${1:-}" != --inside ]; then
	ns=(--net --mount --fork --kill-child=TERM)
	[ "$(id -u)" = 0 ] || ns=(--user --map-root-user "${ns[@]}")
	exec unshare "${ns[@]}" bash "$here/pcsc_bench.sh" --inside "$@"
fi
shift

cards=()
while [ $# -gt 0 ]; do
	case $1 in
	--card)
		cards+=("${2:?--card needs a file}")
		shift 2
		;;
	--)
		shift
		break
		;;
	*)
		echo "usage: pcsc_bench.sh [--card STATE.json]... -- COMMAND..." >&2
		exit 64
		;;
	esac
done
if [ $# = 0 ] || [ ${#cards[@]} -gt 4 ]; then
	echo "pcsc_bench.sh: wants a command and at most four cards" >&2
	exit 64
fi

fail() {
	echo "pcsc_bench.sh: $1" >&2
	tail -n 5 "$PCSC_BENCH_DIR"/*.log >&2 2>/dev/null
	exit 70
}

pids=()
PCSC_BENCH_DIR=$(mktemp -d)
export PCSC_BENCH_DIR
finish() {
	# Newest first: cards save and leave before the daemon goes.
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
		kill "${pids[i]}" 2>/dev/null
		wait "${pids[i]}" 2>/dev/null
	done
	rm -rf "$PCSC_BENCH_DIR"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# The daemon's socket has a fixed path, and the driver fixed ports.
if [ -d /run/pcscd ] || mkdir /run/pcscd 2>/dev/null; then
	mount -t tmpfs tmpfs /run/pcscd || exit 70
else
	mount -t tmpfs tmpfs /run && mkdir /run/pcscd || exit 70
fi
ip link set lo up || exit 70

driver=/usr/lib/pcsc/drivers/serial/libifdvpcd.so
[ -e "$driver" ] || fail "no $driver: install vsmartcard-vpcd"
reader() { # file name channel driver
	mkdir -p "$PCSC_BENCH_DIR/reader.conf.d"
	printf 'FRIENDLYNAME "%s"\nDEVICENAME /dev/null:%s\nLIBPATH %s\nCHANNELID %s\n' "$2" "$3" "$4" \
		"$3" >"$PCSC_BENCH_DIR/reader.conf.d/$1"
}
reader first "Virtual PCD" 0x8C7B "$driver"
if [ ${#cards[@]} -gt 2 ]; then
	# The driver keeps its slots in statics: a second reader needs a second copy of it.
	cp "$driver" "$PCSC_BENCH_DIR/second.so"
	reader second "Second PCD" 0x8C7D "$PCSC_BENCH_DIR/second.so"
fi

pcscd -f -i -c "$PCSC_BENCH_DIR/reader.conf.d" >"$PCSC_BENCH_DIR/pcscd.log" 2>&1 </dev/null &
pids+=($!)
for _ in $(seq 200); do
	[ -S /run/pcscd/pcscd.comm ] && break
	sleep 0.02
done
[ -S /run/pcscd/pcscd.comm ] || fail "pcscd did not start"

for n in "${!cards[@]}"; do
	port=$((35963 + n))
	"$IMPRINT" card emulate --state "${cards[n]}" --port "$port" \
		>"$PCSC_BENCH_DIR/card-$((n + 1)).log" 2>&1 </dev/null &
	pids+=($!)
	echo $! >"$PCSC_BENCH_DIR/card-$((n + 1)).pid"
	echo "$port" >"$PCSC_BENCH_DIR/card-$((n + 1)).port"
done
seen=0
for _ in $(seq 200); do
	seen=$(grep -ac 'Card inserted into' "$PCSC_BENCH_DIR/pcscd.log")
	[ "$seen" -ge ${#cards[@]} ] && break
	sleep 0.05
done
[ "$seen" -ge ${#cards[@]} ] || fail "$seen of ${#cards[@]} cards came up"

# In the background, so that a signal ends the wait and everything with it.
"$@" <&0 &
pids+=($!)
wait $!
