# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# First words of every guest's init, and what it judges by.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
umask 077
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
echo # the emulator's own words end without a new line
failed=0 code=
: >/run/out
: >/run/err

judge() { # WHAT, 0 when it holds
	if [ "$2" = 0 ]; then
		echo "ok: $1"
	else
		failed=$((failed + 1))
		echo "FAILED: $1 (exit $code)"
		tail -n 6 /run/out /run/err /run/seen 2>/dev/null | cut -c1-200 | sed 's/^/    | /'
	fi
}

run() { # arguments of imprint: sets code, and seconds that it took
	began=$(cut -d. -f1 /proc/uptime)
	timeout 30 imprint "$@" >/run/out 2>/run/err
	code=$?
	seconds=$(($(cut -d. -f1 /proc/uptime) - began))
}

within() { # SECONDS, the last run took at most
	[ "$seconds" -le "$1" ]
}

soon() { # COMMAND...: until it holds, for five seconds at most
	for _ in $(seq 100); do
		"$@" && return 0
		usleep 50000
	done
	return 1
}

load_modules() {
	while read -r line; do
		# shellcheck disable=SC2086 # a file and its options
		insmod /modules/$line || finish 100
	done </modules/order
}

finish() { # [CODE]: else the number of failures
	code=${1:-$failed}
	[ "$code" -le 100 ] || code=100
	# shellcheck disable=SC2059 # an octet
	printf "\\x$(printf %02x $((code + 1)))" | dd of=/dev/port bs=1 seek=244 2>/dev/null
	poweroff -f
}
