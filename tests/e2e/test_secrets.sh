#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Secrets stay where they belong.  The whole demo, and what it does not do (a run killed in the middle,
# cards with a PIN, traces, every command that shows a set), with the arguments and the environment of
# every process and all output kept; then every secret of these runs is looked for in every file.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
IMPRINT=$(realpath "${IMPRINT:-${O:-build}/imprint}")
export IMPRINT

if [ "${1:-}" = --cards ]; then # behind pcscd: two new cards, the first read with the PIN
	set -x
	cd "$2" || exit 1
	for rule in pin always; do
		"$IMPRINT" --yes card write --reader 0 --set card.ef --adm-file adm.txt --pin-file pin.txt --read-rule $rule --recreate --trace
		"$IMPRINT" card info --reader 0 --json --trace
		"$IMPRINT" card read --reader 0 --json --pin-file pin.txt --trace
		"$IMPRINT" card read --reader 0 --pin-file pin.txt --out "cards/$rule.ef" --force
		"$IMPRINT" card read --reader 0 --pin-file wrong.txt --out cards/none.ef --trace
		"$IMPRINT" card verify --reader 0 --set card.ef --pin-file pin.txt --trace
		"$IMPRINT" boot --reader 0 --pin-file pin.txt --json
		"$IMPRINT" boot --reader 0 --pin-file pin.txt
	done
	"$IMPRINT" card write --reader 1 --set card.ef --adm-file wrong.txt --trace
	"$IMPRINT" card write --reader 1 --set card.ef --adm-file adm.txt --trace --json
	"$IMPRINT" card wipe --reader 1 --adm-file adm.txt --trace --yes
	cp "$PCSC_BENCH_DIR"/*.log logs/
	exit 0
fi

PATH=$PATH:/usr/sbin:/sbin
for tool in strace openssl python3 sqlite3 pcscd pkcs15-tool unshare; do
	command -v $tool >/dev/null || {
		echo "test_secrets: $tool is missing; .ci/install installs it" >&2
		exit 1
	}
done
passed=0 failed=0 shown=0
check() { # what, condition
	if eval "$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
		[ ! -s "$work/said" ] || sed 's/^/    /' "$work/said" | tail -20
		: >"$work/said"
	fi
}
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=$work/run secrets=$work/secrets
mkdir "$run" "$run/logs"
: >"$work/said"

# Every process of a command, as it was started; all that it says.
traced() { # name, command
	local name=$1
	shift
	strace -f -qq -v -xx -s 100000 -e trace=execve,execveat -e signal=none -o "$run/logs/$name.strace" \
		"$@" >"$run/logs/$name.out" 2>"$run/logs/$name.err" </dev/null
}

# ---- what is looked for ----

secret() { # class, name, octets in hex, where it may stand
	printf '%s\t%s\t%s\t%s\n' "$@" >>"$secrets"
}
hex() { # file
	od -An -v -tx1 "$1" | tr -d ' \n'
}

# The secret resources of the files given: of a private key also its scalar alone.
secrets_of() { # where they may stand, files
	local globs=$1
	shift
	"$IMPRINT" inspect --json --reveal-secrets "$@" >"$work/revealed" || return 1
	python3 - "$globs" "$work/revealed" >>"$secrets" <<'PY'
import json, os, sys
globs, revealed = sys.argv[1:]
for line in open(revealed):
    d = json.loads(line)
    name = os.path.basename(d.get("file", "set"))
    while "contains" in d:
        d = d["contains"]
    for o in d["objects"]:
        for i in o["instances"]:
            for r in i["resources"]:
                if not r.get("secret") or not r["hex"]:
                    continue
                at = f"{name}/{o['id']}/{i['id']}/{r['id']}"
                print("key", at, r["hex"], globs, sep="\t")
                _, scalar, rest = r["hex"].partition("0201010420")
                if scalar:
                    print("scalar", at, rest[:64], globs, sep="\t")
PY
}

# Of key files: an EC scalar, of RSA a prime.
keys_of() { # folder of the PKI
	local f der
	for f in "$1"/*.key; do
		if [ "${f##*/}" = station.key ]; then
			secret station-key station.key "$(sed 's/^hex://' "$f")" "*/$f"
			continue
		fi
		openssl pkey -in "$f" -outform DER -out "$work/der" || return 1
		der=$(hex "$work/der")
		case $der in
		*0201010420*) der=${der#*0201010420} && secret file-key "${f##*/}" "${der:0:64}" "*/$f" ;;
		*) secret file-key "${f##*/}" "$(openssl rsa -in "$f" -noout -text 2>/dev/null |
			sed -n '/^prime1:/,/^prime2:/p' | grep '^ ' | tr -d ' :\n' | sed 's/^00//')" "*/$f" ;;
		esac
	done
}

# The data keys of a ledger, opened without the program: by openssl cms, or AES-256-GCM of libcrypto.
data_keys_of() { # ledger, folder of the PKI
	local id n aad
	for id in $(sqlite3 "$1" 'SELECT id FROM batch'); do
		sqlite3 "$1" "SELECT hex(data_key) FROM batch WHERE id = $id" | python3 -c \
			'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$work/sealed"
		n=$(stat -c %s "$work/sealed")
		if [ "$n" = 60 ]; then
			aad=$(printf 'imprint station key v1' | od -An -v -tx1 | tr -d ' \n')
			python3 "$here/unseal.py" "$2/station.key" "$aad" <"$work/sealed" >"$work/opened" || return 1
		else
			openssl cms -decrypt -inform DER -in "$work/sealed" -inkey "$2/backend.key" -out "$work/opened" || return 1
		fi
		secret data-key "batch $id" "$(hex "$work/opened")" -
	done
}
# No secret where it does not belong, and none that others may read.
look() { # what, places
	local what=$1
	shift
	python3 "$here/seek_secrets.py" "$@" <"$secrets" >"$work/said"
	check "$what" "[ $? = 0 ]"
	tail -1 "$work/said"
}
private() { # what, find expression: these are 0600, their folders 0700
	local what=$1
	shift
	find "$run" -type f \( "$@" \) >"$work/list"
	xargs -d '\n' stat -c '%a %n' <"$work/list" | grep -v '^600 ' >"$work/said"
	check "$what: mode 0600" '[ -s "$work/list" ] && [ ! -s "$work/said" ]'
	sed 's,/[^/]*$,,' "$work/list" | sort -u | xargs -d '\n' stat -c '%a %n' | grep -v '^700 ' >"$work/said"
	check "$what: folders 0700" '[ ! -s "$work/said" ]'
}

# ---- the demo ----

touch "$work/start"
cd "$root" || exit 1
O=$(dirname "$IMPRINT") traced demo bash tests/demo.sh "$run/demo"
check "the demo runs" '[ $? = 0 ]'
check "its processes are in the log" '[ "$(grep -c "execve(" "$run/logs/demo.strace")" -gt 50 ]'
cd "$run" || exit 1
units='*/images-*/M-*,*/cards/*.ef,*/cards/*.opensc,*/card?.json,*/set.json'
secrets_of "$units" demo/images-*/M-* demo/cards/*.ef
check "its images open" '[ $? = 0 ]'
check "keys of 24 devices" '[ "$(grep -c "^key" "$secrets")" -ge 40 ] && [ "$(grep -c "^scalar" "$secrets")" = 16 ]'
secret adm demo "$(hex demo/adm.txt)" '*/demo/adm.txt,*/demo/card?.json'
keys_of demo/profiles/pki
check "its key files open" '[ $? = 0 ]'
data_keys_of demo/line.ledger demo/profiles/pki
check "its data keys open" '[ $? = 0 ] && [ "$(grep -c "^data-key" "$secrets")" = 4 ]'

# ---- a run that is killed, with a resume key; and the commands that show ----

mkdir cards
bash "$root/factory/profiles/make-pki.sh" "$run/profiles/pki" >logs/pki.log 2>&1
cp "$root"/factory/profiles/*.yaml profiles
awk 'BEGIN { print "serial"; for (i = 0; i < 400; i++) printf "K-%04d\n", i }' >killed.csv
printf 'serial,oscore_id\nR-1,a1\n' >rpk.csv
"$IMPRINT" batch new --ledger l.db --profile profiles/x509-persistent.yaml --devices killed.csv --name killed >logs/new.out 2>logs/new.err
resume=$(find l.db.resume -type f)
check "a resume key while the batch is open" '[ -s "$resume" ]'
secret resume-key killed "$(sed 's/^hex://' "$resume")" "*/l.db.resume/*"
python3 - "$IMPRINT" >logs/killed.out 2>&1 <<'PY'
# Killed by what dumps core, when some files are there and others are not.
import glob, os, resource, signal, subprocess, sys, time
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
run = subprocess.Popen([sys.argv[1], "--no-progress", "batch", "run", "--ledger", "l.db", "--batch", "killed",
                        "--out", "images-killed", "--jobs", "1"])
while run.poll() is None and len(glob.glob("images-killed/*.bin")) < 8:
    time.sleep(0.002)
os.kill(run.pid, signal.SIGSEGV)
_, status = os.waitpid(run.pid, 0)
print("signal", os.WTERMSIG(status), "core", os.WCOREDUMP(status))
PY
check "killed in the middle" 'grep -q "^signal 11 core False" logs/killed.out || { cp logs/killed.out "$work/said"; false; }'
check "no core file" '[ -z "$(find . "$root" -maxdepth 2 -newer "$work/start" -name "core*" -type f)" ]'
check "some files, not all" '[ "$(find images-killed -name "K-*" | wc -l)" -lt 400 ]'
secrets_of '*/images-killed/*' images-killed/K-*.bin
data_keys_of l.db profiles/pki
look "a killed run, as it lies there" "$run"
private "what the killed run left" -path './l.db*' -o -path '*/images-killed/*' -o -path '*/l.db*'

traced resumed "$IMPRINT" batch run --ledger l.db --batch killed --out images-killed
check "the run is completed" '[ $? = 0 ] && [ "$(find images-killed -name "K-*.bin" | wc -l)" = 400 ]'
check "the resume key is gone" '[ -z "$(find l.db.resume -type f 2>/dev/null)" ]'
traced export "$IMPRINT" batch export --ledger l.db --batch killed --out killed.jsonl
check "exported without keys" '[ $? = 0 ] && [ "$(wc -l <killed.jsonl)" -ge 400 ]'
for command in "batch status" "ledger show" "ledger export" "ledger verify"; do
	# shellcheck disable=SC2086 # words
	traced "${command/ /-}" "$IMPRINT" $command --ledger l.db --json
	check "$command" '[ $? = 0 ]'
done
secrets_of '*/images-killed/*' images-killed/K-000?.bin images-killed/K-0399.bin

unit=demo/images-psk/M-000009.hex
"$IMPRINT" inspect --json --reveal-secrets $unit >set.json
python3 - <<'PY'
import json
d = json.load(open("set.json"))
while "contains" in d:
    d = d["contains"]
json.dump(d, open("set.json", "w"))
PY
"$IMPRINT" set convert set.json --to ef --out cards/set.ef
check "a set of the demo" '[ $? = 0 ]'
for command in "inspect $unit" "inspect --json $unit" "set show cards/set.ef" "set show --json cards/set.ef" \
	"set check cards/set.ef" "boot --flash $unit" "boot --json --flash $unit" "image inspect $unit" \
	"inspect --json demo/images-x509/M-000001.bin" "inspect demo/line.ledger" \
	"ledger show --ledger demo/line.ledger --endpoint urn:dev:ops:0001B2-HEAT-M-000009"; do
	shown=$((shown + 1))
	# shellcheck disable=SC2086 # words
	traced "show-$shown" "$IMPRINT" $command
	check "$command" '[ $? = 0 ]'
done
for command in "inspect --reveal-secrets $unit" "set show --reveal-secrets cards/set.ef" \
	"boot --reveal-secrets --flash $unit"; do
	shown=$((shown + 1))
	# shellcheck disable=SC2086 # words
	{ "$IMPRINT" $command 2>"logs/reveal-$shown.err"; echo "exit $?"; } | cat >"$work/piped"
	check "$command into a pipe: refused" '[ "$(cat "$work/piped")" = "exit 7" ]'
done

# ---- cards with a PIN ----

digits() { od -An -N8 -tu1 /dev/urandom | awk '{ for (i = 1; i <= 8; i++) printf "%d", $i % 10 }'; }
digits >adm.txt
digits >pin.txt
digits >wrong.txt
cp cards/set.ef card.ef
mv card.ef cards/
ln -s cards/card.ef card.ef
for n in 0 1; do
	"$IMPRINT" card emulate --create-only --state card$n.json --adm-file adm.txt --pin-file pin.txt >>logs/emulate.log 2>&1
done
traced cards bash "$here/pcsc_bench.sh" --card "$run/card0.json" --card "$run/card1.json" -- \
	bash "$here/test_secrets.sh" --cards "$run"
check "the cards were written and read" 'cmp -n "$(stat -c %s card.ef)" card.ef cards/pin.ef && cmp card.ef cards/always.ef'
check "and traced" '[ "$(grep -c "^[<>]" logs/cards.err)" -gt 40 ]'
secret adm cards "$(hex adm.txt)" '*/run/adm.txt,*/run/card?.json'
secret pin cards "$(hex pin.txt)" '*/run/pin.txt,*/run/card?.json'
secret pin wrong "$(hex wrong.txt)" '*/run/wrong.txt'

# ---- look ----

look "everything that the runs left" "$run"
mapfile -t shared < <(find /dev/shm -type f -newer "$work/start" 2>/dev/null)
[ ${#shared[@]} = 0 ] || look "shared memory" "${shared[@]}"
private "ledgers" -name '*.ledger*' -o -name 'l.db*'
private "images" -path '*/images-*'
private "cards" -name 'card?.json' -o -path '*/cards/*'

# ---- controls: each would have been found ----

planted() { # what
	python3 "$here/seek_secrets.py" "$work/planted" <"$work/one" >"$work/said" && return 1
	grep -q "^$work/planted/.* $1" "$work/said"
}
mkdir "$work/planted"
grep '^key' "$secrets" | head -1 >"$work/one"
known=$(cut -f 3 "$work/one")
for form in raw hex HEX base64 base64url spaced; do
	for before in '' x xy; do
		python3 - "$known" $form "$before" "$run/demo/images-psk/manifest.jsonl" >"$work/planted/manifest.jsonl" <<'PY'
import base64, sys
known, form, before, manifest = bytes.fromhex(sys.argv[1]), *sys.argv[2:]
whole = before.encode() + known + b"z"
planted = {"raw": whole, "hex": whole.hex().encode(), "HEX": whole.hex().upper().encode(),
           "base64": base64.encodebytes(whole), "base64url": base64.urlsafe_b64encode(whole),
           "spaced": whole.hex(":").encode()}[form]
sys.stdout.buffer.write(open(manifest, "rb").read() + planted)
PY
		check "control: a key in a manifest, $form after '$before'" 'planted holds'
	done
done
rm "$work/planted/manifest.jsonl"
strace -qq -v -xx -s 100000 -e trace=execve -o "$work/planted/argv.strace" true "--key=$known"
check "control: a key in an argument" 'planted "holds key .* as hex"'
KEY=$known strace -qq -v -xx -s 100000 -e trace=execve -o "$work/planted/argv.strace" true
check "control: a key in the environment" 'planted "holds key .* as hex"'
rm "$work/planted/argv.strace"
cp demo/images-psk/M-000009.hex "$work/planted/unit.hex"
sed -i "s|\t[^\t]*\$|\t*/unit.hex|" "$work/one"
python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "$known" >"$work/planted/unit.hex"
check "control: where it belongs it is no breach" '! planted holds'
chmod 640 "$work/planted/unit.hex"
check "control: a key for the group" 'planted "holds .* and has mode 640"'
chmod 600 "$work/planted/unit.hex"
chmod 750 "$work/planted"
check "control: a folder for the group" 'planted "holds .* in a folder of mode 750"'

cd /
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
