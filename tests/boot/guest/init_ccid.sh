#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A device with a USB card reader: cards, payloads and what the host said of them are in /data.
# shellcheck source=tests/boot/guest/init_lib.sh
. /lib.sh
load_modules

# The kinds of enum ccid_fault.
UNPLUGGED=10 LONGER=13

mount -t configfs none /sys/kernel/config
gadget=/sys/kernel/config/usb_gadget/reader
node=/sys/bus/usb/devices/1-1
mkdir $gadget
mkdir $gadget/configs/c.1 $gadget/functions/ffs.card /dev/ffs
echo 0x08e6 >$gadget/idVendor # one that libccid knows
echo 0x4433 >$gadget/idProduct
ln -s $gadget/functions/ffs.card $gadget/configs/c.1/
mount -t functionfs card /dev/ffs

# ---- reader and daemon

speed=high-speed
plug() { # CARD [OPTION=N]...
	cp "/data/$1" /run/card
	shift
	ccid_gadget /dev/ffs /run/card "$@" 2>/run/seen || finish 100
	echo $speed >$gadget/max_speed
	ls /sys/class/udc >$gadget/UDC
	soon [ -e $node/1-1:1.0/bInterfaceClass ] || finish 100
}

ended() {
	! pidof ccid_gadget >/run/pids && [ ! -e $node ]
}

pull() {
	killall ccid_gadget 2>/run/err
	soon ended || finish 100
}

saw() { # WORDS: what the reader saw
	grep -q "$1" /run/seen
}

card_seen() {
	imprint card list --json 2>/run/err | grep -q '"card":true'
}

daemon() { # after the reader: nobody tells of new devices here
	mkdir -p /run/pcscd
	pcscd --foreground >/run/pcscd.log 2>&1 &
	pcscd=$!
	soon card_seen
}

end_daemon() {
	kill $pcscd
	wait $pcscd
}

same() { # WHAT DOCUMENT, of the last run
	[ $code = 0 ] && cmp -s /run/out "/data/$2.json"
	judge "$1: as on the host" $?
}

# ---- through pcscd

plug blank.json
judge "the kernel's own USB host sees a reader of $(cat $node/speed) Mbit/s" $?
daemon
judge "pcscd sees it with a card" $?
run card write --reader 0 --set /data/set.json --adm-file /data/adm
judge "written through pcscd" $code
run boot --reader 0 --json --reveal-secrets
same "booted through pcscd" meter
run --quiet card read --reader 0 --out /run/payload
[ $code = 0 ] && cmp -s /run/payload /data/meter.ef
judge "read through pcscd: the payload as on the host" $?
run boot --ccid
[ $code = 7 ] && grep -q 'another program holds the reader' /run/err
judge "pcscd's reader is not taken from it" $?
end_daemon
pull
cmp -s /run/card /data/meter.card
judge "written through pcscd: the whole card as on the host" $?

plug blank.json
daemon
run card write --reader 0 --set /data/set.json --adm-file /data/adm --read-rule pin --pin-file /data/pin
judge "written with a PIN" $code
for _ in 1 2; do
	run boot --reader 0
	[ $code = 5 ] && grep -q 'PIN' /run/err
	judge "no PIN, no payload: a reset ends what was verified" $?
	run boot --reader 0 --pin-file /data/pin
	judge "booted with the PIN" $code
done
end_daemon
pull

for at in 3 9; do
	plug meter.card fault=$UNPLUGGED at=$at
	daemon
	run boot --reader 0
	# pcscd may have seen the reader go before the command fails
	[ $code = 4 ] && grep -qE 'torn out|the reader is gone' /run/err && within 20
	judge "pcscd: reader unplugged at command $at, in $seconds s" $?
	end_daemon
	pull
done

# ---- without pcscd

run boot --ccid
[ $code = 4 ] && grep -q 'no card reader' /run/err
judge "no reader, no pcscd" $?

plug meter.card
run boot --ccid --json --reveal-secrets
same "booted without pcscd" meter
run boot --ccid 08e6:4433 --json --reveal-secrets
same "booted by the reader's ids" meter
pull
saw 'complaints 0'
judge "the reader got what the class demands" $?

plug meter.card level=2
run boot --ccid --json --reveal-secrets
same "a reader that takes short commands only" meter
pull

plug changed.card
run boot --ccid --json --reveal-secrets
[ $code = 0 ] && ! cmp -s /run/out /data/meter.json
judge "control: one octet of the card changed is noticed" $?
pull

speed=full-speed
plug meter.card packet=64
run boot --ccid --json --reveal-secrets
same "full speed, $(cat $node/speed) Mbit/s" meter
pull
saw 'whole 0 .*complaints 0'
judge "control: these answers fill no packets" $?
for zlp in 1 0; do
	plug whole.card packet=64 zlp=$zlp
	run boot --ccid --json --reveal-secrets
	same "answers of whole packets, $zlp empty one behind each" whole
	within 20
	judge "answers of whole packets: in $seconds s" $?
	pull
	saw 'whole [1-9].* aborts 0 complaints 0' # a command that was not taken would end in an abort
	judge "answers of whole packets: seen, and every command taken" $?
done

speed=high-speed
for zlp in 1 0; do
	plug meter.card fault=$LONGER at=10 value=244 zlp=$zlp
	run boot --ccid
	[ $code = 4 ] && grep -q 'input/output' /run/err && within 20
	judge "512 octets for 268, $zlp empty packet behind them: refused in $seconds s" $?
	pull
	saw 'whole [1-9]'
	judge "512 octets for 268: a whole packet" $?
done

for at in 1 5 10; do
	plug meter.card fault=$UNPLUGGED at=$at
	run boot --ccid
	[ $code = 4 ] && grep -q 'torn out' /run/err && within 20
	judge "reader unplugged at command $at, in $seconds s" $?
	pull
done
finish
