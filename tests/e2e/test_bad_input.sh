#!/bin/bash
# Bad input, by the table bad_input.tsv: each case begins in a folder of its own with good files,
# spoils one thing and runs one command.  It must exit as told, say one clear message that names the
# thing, print nothing as a result, and leave the folder as it was.  Columns, by tabs:
#	name	exit code	part of the message (extended regular expression)	prepare	command
# Several errors at once (exit code with a +): a list, then one line that counts them.
# In prepare and command: $I the program; l.db has batch b0 of psk.yaml and b0.csv.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
I=${IMPRINT:-${O:-build}/imprint}
case $I in /*) ;; *) I=$PWD/$I ;; esac
table=$here/bad_input.tsv
work=$(mktemp -d)
trap 'umount "$work/case/full" 2>/dev/null; chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0

for tool in openssl sha256sum awk; do
	command -v $tool >/dev/null || {
		echo "test_bad_input: $tool is missing" >&2
		exit 1
	}
done

# ---- the good files ----

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
"$I" --quiet --no-progress batch new --ledger l.db --profile psk.yaml --devices b0.csv --name b0 &&
	"$I" --quiet --no-progress batch run --ledger l.db --batch b0 --out out0 || {
	echo "the good batch failed"
	echo "0 passed, 1 failed"
	exit 1
}

# ---- one case ----

# Every name, mode and content below the case's folder.
listing() {
	find . -mindepth 1 -printf '%P %y %m\n' | LC_ALL=C sort
	find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
}

# How many lines are a message of their own; warnings and hints are none.
messages() {
	grep '^imprint: ' "$1" | grep -vc '^imprint: warning: '
}

complain() { # name, what
	echo "FAILED: $1: $2"
	sed 's/^/    | /' "$work/err" | head -12
}

run_case() { # name, exit, message, prepare, command
	local name=$1 want=${2%+} many=${2#"${2%+}"} message=$3 rc n
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
	listing >"$work/after"
	n=$(messages "$work/err")
	if [ "$rc" != "$want" ]; then
		complain "$name" "exit $rc, not $want"
	elif ! grep -qE -- "$message" "$work/err"; then
		complain "$name" "no message with '$message'"
	elif [ -z "$many" ] && [ "$n" != 1 ]; then
		complain "$name" "$n messages, not one"
	elif [ -n "$many" ] && ! { [ "$n" -gt 2 ] && grep -q 'errors in the input, listed above' "$work/err"; }; then
		complain "$name" "no list of errors"
	elif [ -s "$work/out" ]; then
		complain "$name" "something was printed as a result"
	elif ! cmp -s "$work/before" "$work/after"; then
		complain "$name" "the folder changed"
		diff "$work/before" "$work/after" | sed 's/^/    | /' | head
	else
		return 0
	fi
	return 1
}

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
control "another exit code" control 3 'cannot' true 'echo "imprint: cannot" >&2; (exit 4)'

# ---- the table ----

while IFS=$'\t' read -r name code message prepare command; do
	case $name in '' | '#'*) continue ;; esac
	if run_case "$name" "$code" "$message" "$prepare" "$command"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done <"$table"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
