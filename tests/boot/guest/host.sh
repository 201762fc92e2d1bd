# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Linux guests: fetched kernel, files packed, booted, judged.  Sourced by tests/boot/guest_*.sh with
# O and the name of the guest set; they end with conclude.
set -u
O=$(realpath -m "${O:-build}")
# shellcheck disable=SC2034 # for the script
imprint=$O/imprint
work=$O/guest/${guest:?}
shared=$O/guest
passed=0 failed=0

if [ "$(uname -m)" != x86_64 ]; then
	echo "skipped: Linux guests run programs of this machine on an emulated PC"
	echo "0 passed, 0 failed"
	exit 0
fi
rm -rf "$work"
mkdir -p "$work"

judge() { # WHAT, 0 when it holds
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $guest: $1"
	fi
}

need() { # a step without which nothing can be judged
	"$@" || {
		echo "FAILED: $*"
		echo "$passed passed, $((failed + 1)) failed"
		exit 1
	}
}

conclude() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}

# ---- kernel: the package is unpacked, never installed -------------------------------------------

unpack_kernel() { # PACKAGE
	local sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	(cd "$shared/kernel" && apt-get download -qq "$1" 2>/dev/null) || {
		$sudo apt-get update -qq
		(cd "$shared/kernel" && apt-get download -qq "$1") || return 1
	}
	dpkg-deb --fsys-tarfile "$shared/kernel/$1"_*.deb | tar -x -C "$shared/kernel" --wildcards './boot/vmlinuz-*' \
		'./lib/modules/*/modules.*' './lib/modules/*/kernel/drivers/usb/*' './lib/modules/*/kernel/drivers/mtd/*' \
		'./lib/modules/*/kernel/drivers/virtio/*' './lib/modules/*/kernel/drivers/block/virtio_blk.ko' \
		'./lib/modules/*/kernel/fs/configfs/*' './lib/modules/*/kernel/lib/*' || return 1
	rm "$shared/kernel/$1"_*.deb
	/sbin/depmod -b "$shared/kernel" "${1#linux-image-}" || return 1
	python3 tests/boot/guest/vmlinux.py "$shared/kernel/boot/vmlinuz-${1#linux-image-}" "$shared/kernel/vmlinux" || return 1
	echo "${1#linux-image-}" >"$shared/kernel/version"
}

kernel() {
	[ ! -s "$shared/kernel/version" ] || return 0
	local package
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9.-]*-amd64\)$/\1/p' | head -1)
	[ -n "$package" ] || {
		echo "no linux-image-amd64 known: apt-get update"
		return 1
	}
	rm -rf "$shared/kernel"
	mkdir -p "$shared/kernel"
	unpack_kernel "$package"
}

# ---- files of the guest: a tree in $work/root -----------------------------------------------------

put() { # FILE PATH: one file
	install -D "$1" "$work/root/$2"
}

program() { # FILE PATH [LIBRARY]...: with what it links, and what it opens at run time
	local file
	put "$1" "$2"
	for file in $(ldd "$1" | grep -oE '/[^ ]+') "${@:3}"; do
		put "$file" "$file"
	done
}

modules() { # NAME [OPTION=VALUE]..., each in one argument: in the order in which they are loaded
	local module name verb file options
	mkdir -p "$work/root/modules"
	for module in "$@"; do
		name=${module%% *}
		options=
		[ "$name" = "$module" ] || options=${module#* }
		/sbin/modprobe -d "$shared/kernel" -S "$(cat "$shared/kernel/version")" -D "$name" >"$work/needs" || return 1
		while read -r verb file _; do
			[ "$verb" = insmod ] || continue # builtin
			name=$(basename "$file")
			[ -e "$work/root/modules/$name" ] || echo "$name" >>"$work/order"
			cp "$file" "$work/root/modules/$name"
		done <"$work/needs"
		sed -i "\$s/\$/ $(sed 's/[&/\]/\\&/g' <<<"$options")/" "$work/order"
	done
	mv "$work/order" "$work/root/modules/order"
}

pack() {
	local applet
	put /bin/busybox bin/busybox
	put "tests/boot/guest/init_$guest.sh" init
	put tests/boot/guest/init_lib.sh lib.sh
	mkdir -p "$work/root"/{proc,sys,dev,run,tmp,etc}
	for applet in $(busybox --list); do
		[ -e "$work/root/bin/$applet" ] || ln -s busybox "$work/root/bin/$applet"
	done
	(cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/initramfs"
}

# ---- boot ----------------------------------------------------------------------------------------

# The guest ends by the octet N + 1 at port F4, which ends the emulator with 2 (N + 1) + 1: an end by
# anything else is no verdict.
launch() { # CONSOLE [arguments of the emulator]: sets code, 200 without verdict
	local console=$1 status
	shift
	timeout 120 qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256 -nographic -monitor none -no-reboot -nic none \
		-kernel "$shared/kernel/vmlinux" -initrd "$work/initramfs" \
		-append "console=ttyS0 quiet panic=-1 ${kernel_options:-}" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 "$@" </dev/null 2>&1 | tr -d '\r' >"$console"
	status=${PIPESTATUS[0]}
	code=200
	[ $((status & 1)) = 0 ] || [ "$status" -lt 3 ] || [ "$status" = 124 ] || code=$((status / 2 - 1))
}

count() { # CONSOLE: what the guest judged becomes ours
	local n
	grep -a '^FAILED: \|^    | ' "$1"
	n=$(grep -ac '^FAILED: ' "$1")
	failed=$((failed + n))
	passed=$((passed + $(grep -ac '^ok: ' "$1")))
	[ "$code" = "$n" ] || tail -n 5 "$1" | sed 's/^/    | /'
	[ "$code" = "$n" ]
	judge "its last word is what it judged: code $code, $n failures" $?
}
