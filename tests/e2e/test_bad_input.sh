#!/bin/bash
# Bad input, by the table bad_input.tsv: each case begins in a folder of its own with good files,
# spoils one thing and runs one command.  It must exit as told, say one clear message that names the
# thing, print nothing as a result, and leave the folder and the card as they were.  Columns, by tabs:
#	name	exit code	part of the message (extended regular expression)	prepare	command
# Behind the exit code, + for several errors at once: a list, then one line that counts them;
# ~ for what begins and cannot go on: the folder or the card may change, but no ledger loses a key.
# In prepare and command: $I the program; l.db has batch b0 of psk.yaml and b0.csv, released; k.db has
# batch k0 of card.yaml and k0.csv, its keys made, and batch k1, planned; words: see below.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
I=${IMPRINT:-${O:-build}/imprint}
case $I in /*) ;; *) I=$PWD/$I ;; esac
table=$here/bad_input.tsv
PATH=$PATH:/usr/sbin:/sbin
for tool in openssl sqlite3 python3 sha256sum awk setpriv pcscd unshare ip; do
	command -v $tool >/dev/null || {
		echo "test_bad_input: $tool is missing; .ci/install installs it" >&2
		exit 1
	}
done
# A pcscd with empty readers, and leave to mount, wherever user namespaces are.
[ "${1:-}" = --inside ] || IMPRINT=$I exec bash "$here/pcsc_bench.sh" -- bash "$here/test_bad_input.sh" --inside
work=$(mktemp -d)
trap 'unplug; umount "$work/case/full" 2>/dev/null; chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0 plugged='' SHOW=${SHOW:-}

# ---- the good files ----

umask 077
good=$work/good
mkdir "$good"
cd "$good" || exit 1
for p in x509-persistent:x509 psk-persistent:psk psk-non-persistent:once rpk-oscore:oscore; do
	sed 's/^    layout: .*/    layout: generic-64k/' "$tree/factory/profiles/${p%:*}.yaml" >"${p#*:}.yaml"
done
head -4 "$tree/factory/profiles/devices.csv" >d.csv
printf 'serial\nOLD1\nOLD2\n' >b0.csv
sh "$tree/factory/profiles/make-pki.sh" pki
# what spoils: another key, an expired CA, one that is no CA
(
	cd pki || exit 1
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key 2>/dev/null
	openssl req -new -key ca.key -subj "/CN=Old CA" -out old.csr
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >old.ext
	# -days below zero: ended yesterday
	openssl x509 -req -in old.csr -signkey ca.key -days -1 -extfile old.ext -out old-ca.pem 2>/dev/null
	openssl x509 -in old-ca.pem -noout -checkend 0 >/dev/null && echo "the old CA is not old"
	rm -f old.csr old.ext
)
"$I" --quiet --no-progress batch new --ledger l.db --profile psk.yaml --devices b0.csv --name b0 >/dev/null &&
	"$I" --quiet --no-progress batch run --ledger l.db --batch b0 --out out0 >/dev/null || {
	echo "the good batch failed"
	echo "0 passed, 1 failed"
	exit 1
}

# A set, in files of its own; a ledger of cards.
"$I" --quiet set convert out0/OLD1.hex --to ef --out set.ef
"$I" --quiet set convert out0/OLD2.hex --to ef --out other.ef
"$I" --quiet image build --set set.ef --layout generic-64k --out a.bin >/dev/null
sed -e '/^targets:/,/^seal:/{/^seal:/!d}' -e 's/^seal:/targets:\n  card: {}\n&/' -e 's/^product: .*/product: card/' \
	-e 's/^endpoint: .*/endpoint: "card-{serial}"/' -e 's/bs-{serial}/card-bs-{serial}/' psk.yaml >card.yaml
printf 'serial,iccid\nC1,8988211000000000235\nC2,8988211000000000243\n' >k0.csv
printf 'serial\nP1\n' >k1.csv
for k in k0 k1; do
	"$I" --quiet batch new --ledger k.db --profile card.yaml --devices $k.csv --name $k >/dev/null
done
"$I" --quiet batch run --ledger k.db --batch k0 >/dev/null
printf 12345678 >adm
printf 87654321 >wrong.adm
printf 1234 >pin
printf 9999 >wrong.pin

# ---- words for prepare and command ----

poor() { setpriv --bounding-set=-dac_override,-dac_read_search "$@"; } # root, but bound by modes
full() { # a folder full/ with so many KiB
	mkdir full && mount -t tmpfs -o size="$1k" tmpfs full
}
change() { # file, offset, octets in hex: overwrite
	python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); f.write(bytes.fromhex(sys.argv[3]))' "$@"
}
set_json() { # file, python that changes the document d
	"$I" --quiet set convert set.ef --to json --out "$1" && python3 - "$@" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
r = d["objects"][0]["instances"][0]["resources"]
exec(sys.argv[2])
json.dump(d, open(sys.argv[1], "w"))
PY
}
hex_sum() { # file, line: a wrong checksum
	python3 - "$@" <<'PY'
import sys
lines = open(sys.argv[1], newline="").readlines()
n = int(sys.argv[2]) - 1
text = lines[n].rstrip()
lines[n] = text[:-2] + "%02X" % (int(text[-2:], 16) ^ 1) + lines[n][len(text):]
open(sys.argv[1], "w", newline="").writelines(lines)
PY
}
logged() { # folder: the ledger there, with a change that is in its write-ahead log alone
	python3 - "$I" "$1" <<'PY'
import shutil, sqlite3, subprocess, sys
db = sqlite3.connect("l.db")
db.execute("SELECT count(*) FROM event").fetchall()
open("one.csv", "w").write("serial\nLOGGED\n")
subprocess.run([sys.argv[1], "--quiet", "batch", "new", "--ledger", "l.db", "--profile", "psk.yaml", "--devices",
                "one.csv", "--name", "logged"], check=True, stdout=subprocess.DEVNULL)
for name in "l.db", "l.db-wal":
    shutil.copy(name, sys.argv[2])
PY
}
many() { # device list, rows
	awk -v n="$2" 'BEGIN { print "serial"; for (i = 0; i < n; i++) print "MANY" i }' >"$1"
}
held() { # batch id, command: while another process runs the batch
	python3 - "$work/case/l.db.lock" "$@" <<'PY'
import fcntl, struct, subprocess, sys
f = open(sys.argv[1], "r+b")
fcntl.lockf(f, fcntl.LOCK_EX, 1, int(sys.argv[2]))
sys.exit(subprocess.run(sys.argv[3:], close_fds=True).returncode)
PY
}
busy() { # command: while another process has the ledger for itself
	python3 - "$work/case/l.db" "$@" <<'PY'
import sqlite3, subprocess, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
code = subprocess.run(sys.argv[2:]).returncode
db.execute("ROLLBACK")
sys.exit(code)
PY
}

cards=$work/cards
mkdir "$cards"
seen() { grep -ac "$1" "$PCSC_BENCH_DIR/pcscd.log"; }
await() { # text in the daemon's log, times so far
	for _ in $(seq 200); do
		[ "$(seen "$1")" -gt "$2" ] && return
		sleep 0.02
	done
	return 1
}
plug() {
	local n
	n=$(seen 'Card inserted into')
	"$I" card emulate --state "$work/card.json" >"$work/emulate" 2>&1 </dev/null &
	plugged=$!
	await 'Card inserted into' "$n"
}
unplug() {
	local n
	[ -n "$plugged" ] || return 0
	n=$(seen 'Card Removed From')
	kill "$plugged" 2>/dev/null && await 'Card Removed From' "$n"
	wait "$plugged" 2>/dev/null
	plugged=
}
card() { # which of the cards, python that changes its state d; one that was only looked at stays in
	python3 - "$cards/$1.json" "$work/next.json" "${2:-}" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
pin, adm = d["pins"]
ef = next((f for f in d["files"] if f["path"].endswith("/6432")), None)
exec(sys.argv[3])
json.dump(d, open(sys.argv[2], "w"), separators=(",", ":"))
PY
	[ -n "$plugged" ] && kill -0 "$plugged" 2>/dev/null && cmp -s "$work/next.json" "$work/card.json" && return
	unplug
	mv "$work/next.json" "$work/card.json"
	plug
}
# What a card holds: without tries and faults, which count what was asked of it.
card_content() {
	[ -z "$plugged" ] || python3 -c 'import json, sys; print(json.load(sys.stdin)["files"])' <"$work/card.json"
}
"$I" --quiet card emulate --create-only --state "$cards/new.json" --iccid 8988211000000000235
"$I" --quiet card emulate --create-only --state "$cards/blank.json" --blank
for rule in always pin; do
	cp "$cards/new.json" "$work/card.json"
	plug && "$I" --quiet card write --set set.ef --adm-file adm --pin-file pin --read-rule $rule --reader 0 >/dev/null 2>&1
	unplug
	cp "$work/card.json" "$cards/$rule.json"
done
grep -q '/6432"' "$cards/always.json" && grep -q '/6432"' "$cards/pin.json" || echo "the good cards are not good"

# ---- one case ----

# Every name, mode and content below the case's folder.
listing() {
	find . -mindepth 1 -printf '%P %y %m\n' | LC_ALL=C sort
	find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	card_content
}

# How many lines are a message of their own; warnings and hints are none.
messages() {
	grep '^imprint: ' "$1" | grep -vc '^imprint: warning: '
}

ledgers_hold() {
	local l
	for l in *.db; do
		"$I" --quiet ledger verify --ledger "$l" >/dev/null 2>&1 || return 1
	done
}

complain() { # name, what
	echo "FAILED: $1: $2"
	sed 's/^/    | /' "$work/err" | head -12
}

run_case() { # name, exit, message, prepare, command
	local name=$1 want=${2%[+~]} many=${2#"${2%[+~]}"} message=$3 rc n
	case $4 in card\ *) ;; *) unplug ;; esac
	umount "$work/case/full" 2>/dev/null
	chmod -R u+w "$work/case" 2>/dev/null
	rm -rf "$work/case"
	cp -a "$good" "$work/case"
	cd "$work/case" || return 1
	eval "$4" || {
		: >"$work/err"
		complain "$name" "prepare failed"
		return 1
	}
	listing >"$work/before"
	eval "$5" >"$work/out" 2>"$work/err" </dev/null
	rc=$?
	[ -z "$SHOW" ] || sed "s/^/$name ($rc): /" "$work/err"
	listing >"$work/after"
	n=$(messages "$work/err")
	if [ "$rc" != "$want" ]; then
		complain "$name" "exit $rc, not $want"
	elif ! grep -qE -- "$message" "$work/err"; then
		complain "$name" "no message with '$message'"
	elif [ "$many" != + ] && [ "$n" != 1 ]; then
		complain "$name" "$n messages, not one"
	elif [ "$many" = + ] && ! { [ "$n" -gt 1 ] && grep -qE 'errors in the input, listed above|breaks [0-9]+ consistency rule' "$work/err"; }; then
		complain "$name" "no list of errors"
	elif [ -s "$work/out" ]; then
		complain "$name" "something was printed as a result"
	elif [ "$many" = '~' ] && ! ledgers_hold; then
		complain "$name" "a ledger does not verify"
	elif [ "$many" != '~' ] && ! cmp -s "$work/before" "$work/after"; then
		complain "$name" "the folder changed"
		diff "$work/before" "$work/after" | sed 's/^/    | /' | head
	else
		return 0
	fi
	return 1
}

change_card() { "$I" --quiet card write --reader 0 --set other.ef --adm-file adm >/dev/null 2>&1; }

# ---- negative controls: what the cases are judged by can fail ----

control() { # what, arguments of run_case: must be refused
	local what=$1
	shift
	if run_case "$@" >/dev/null; then
		failed=$((failed + 1))
		echo "FAILED: control: $what went unnoticed"
	else
		passed=$((passed + 1))
	fi
}
NEW="\$I batch new --ledger n.db --profile p.yaml --devices d.csv --name b"
control "a good input" control 3 . 'cp psk.yaml p.yaml' "$NEW"
control "a file left behind" control 3 'cannot' true 'touch left; echo "imprint: cannot" >&2; (exit 3)'
control "another message" control 3 'cannot' true 'echo "imprint: other" >&2; (exit 3)'
control "two messages" control 3 'cannot' true 'printf "imprint: cannot\nimprint: too\n" >&2; (exit 3)'
control "a card that changed" control 4 'cannot' 'card always' 'change_card; echo "imprint: cannot" >&2; (exit 4)'
control "another exit code" control 3 'cannot' true 'echo "imprint: cannot" >&2; (exit 4)'

# ---- the table ----

while IFS=$'\t' read -r name code message prepare command; do
	case $name in '' | '#'*) continue ;; esac
	if run_case "$name" "$code" "$message" "$prepare" "$command"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done < <(grep -E "${CASES:-}" "$table")

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
