#!/bin/bash
# The profiles that ship, as a line engineer meets them: keys made, checked, shown.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
I=${IMPRINT:-${O:-build}/imprint}
case $I in /*) ;; *) I=$PWD/$I ;; esac
for tool in openssl jq; do
	command -v $tool >/dev/null || {
		echo "test_profile: $tool is missing" >&2
		exit 1
	}
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
check() { # what, condition
	if eval "$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
	fi
}
cp "$tree"/factory/profiles/*.yaml "$tree/factory/profiles/devices.csv" "$work"
cd "$work" || exit 1
sh "$tree/factory/profiles/make-pki.sh" pki
cat pki/* >once
sh "$tree/factory/profiles/make-pki.sh" pki
cat pki/* >twice
check "make-pki.sh twice changes nothing" "cmp -s once twice"
check "keys are for their owner alone" '[ -z "$(find pki -name "*.key" -perm /077)" ]'
for p in x509-persistent psk-persistent psk-non-persistent psk-over-air rpk-oscore; do
	"$I" --json profile check $p.yaml >check.json 2>err
	check "$p: no errors" "[ $? = 0 ]"
	check "$p: one JSON document" 'jq -es "length == 1 and .[0].errors == 0" check.json >/dev/null'
	"$I" --json profile show $p.yaml --devices devices.csv --serial 26A00019 >show.json 2>err
	check "$p: shown" "[ $? = 0 ]"
	check "$p: endpoint of the device" 'jq -e ".serial == \"26A00019\" and (.endpoint | endswith(\"-26A00019\"))" show.json >/dev/null'
	"$I" profile show $p.yaml >show.txt 2>err
	check "$p: templates shown" "[ $? = 0 ] && grep -q '{serial}' show.txt"
done
check "the one warning" '"$I" --json profile check *.yaml 2>/dev/null | jq -es "map(.findings[].rule) == [\"F12\"]" >/dev/null'
"$I" --json profile show rpk-oscore.yaml --devices devices.csv >show.json 2>err
check "OSCORE ids in hex" 'jq -e ".accounts[1].oscore == {\"sender-id\": \"a10000\", \"recipient-id\": \"01\"}" show.json >/dev/null'
sed -i 's/lifetime: .*/lifetime: 1.5/;s/^keys:.*/keys: never/' psk-persistent.yaml
"$I" --json profile check x509-persistent.yaml psk-persistent.yaml >check.json 2>err
check "one bad of two: exit 3" "[ $? = 3 ]"
check "both are told" 'jq -es "map(.errors) == [0, 2]" check.json >/dev/null'
check "with lines" 'jq -es ".[1].findings | map(.line > 0 and .severity == \"error\") | all" check.json >/dev/null'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
