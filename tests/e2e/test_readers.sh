#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What batches make, read by programs that know nothing of imprint: Intel HEX by srec_cat; exports,
# certificates, keys and seals by openssl and python's json, csv and base64.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
I=$(realpath "${IMPRINT:-${O:-build}/imprint}")
for tool in srec_cat openssl sqlite3 python3; do
	command -v $tool >/dev/null || {
		echo "test_readers: $tool is missing; .ci/install installs it" >&2
		exit 1
	}
done
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/factory/profiles" "$work/profiles"
cd "$work" || exit 1
sh profiles/make-pki.sh >/dev/null || exit 1
passed=0 failed=0
check() { # what, command
	local what=$1
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		printf '%s\n' "$out" | sed 's/^/    /' | tail -8
	fi
}
fails() { ! "$@"; }
refused() { # what, command
	local what=$1
	shift
	check "$what" fails "$@"
}

printf 'serial,oscore_id\n1,a1\n2,a2\n3,a3\n' >d.csv
for name in x509-persistent psk-persistent psk-non-persistent rpk-oscore; do
	check "$name: planned" "$I" --quiet batch new --ledger $name.db --profile profiles/$name.yaml --devices d.csv --name b
	check "$name: made" "$I" --quiet batch run --ledger $name.db --batch b --out $name
done

# ---- Intel HEX by srec_cat ----

base_of() { # layout
	sed -n 's/^base: *\([0-9A-Fx]*\).*/\1/p' "$root/flash-images/layouts/$1.yaml"
}
for name in x509-persistent psk-persistent psk-non-persistent rpk-oscore; do
	layout=$(sed -n 's/^ *layout: *//p' profiles/$name.yaml)
	base=$(base_of "$layout")
	keys=$(sed -n 's/^keys: *//p' profiles/$name.yaml)
	for serial in 1 2 3; do
		unit=$(find $name -name "$serial.bin" -o -name "$serial.hex")
		check "$name/$serial: its set" "$I" set convert "$unit" --to ef --out $serial.ef --force
		for encode in bin ihex; do
			check "$name/$serial: as $encode" "$I" image build --set $serial.ef --layout "$layout" --keys $keys --encode $encode --out $serial.$encode --force
		done
		check "$name/$serial: srec_cat takes it" srec_cat $serial.ihex -intel -offset -$((base)) -o $serial.read -binary
		check "$name/$serial: srec_cat reads the image" cmp $serial.read $serial.bin
		srec_cat $serial.bin -binary -offset $((base)) -o $serial.back -intel
		"$I" inspect --json $serial.ihex >a
		"$I" inspect --json $serial.back >b
		check "$name/$serial: what srec_cat writes reads the same" python3 -c '
import json
a, b = json.load(open("a")), json.load(open("b"))
assert a["contains"] == b["contains"] and a["base"] == b["base"] and a["image"] == b["image"], (a["base"], b["base"])'
		case $unit in
		*.hex)
			srec_cat "$unit" -intel -offset -$((base)) -o unit.bin -binary
			check "$name/$serial: the batch's own file by srec_cat" cmp unit.bin $serial.bin
			;;
		*) check "$name/$serial: the batch's own file" cmp "$unit" $serial.bin ;;
		esac
	done
done
head -c -20 psk-persistent/1.hex >cut.hex
refused "control: srec_cat refuses a cut file" srec_cat cut.hex -intel -o cut.bin -binary
printf firmware >firmware.bin
srec_cat firmware.bin -binary -offset 0x08000000 -o firmware.hex -intel
check "merged with a firmware of srec_cat" "$I" image merge --out all.hex firmware.hex psk-persistent/1.hex
srec_cat all.hex -intel -crop 0x08000000 0x08000008 -offset -0x08000000 -o part.bin -binary
check "srec_cat finds the firmware in it" cmp part.bin firmware.bin
srec_cat all.hex -intel -crop $(($(base_of stm32-2k))) 0x08100000 -offset -$(($(base_of stm32-2k))) -o part.bin -binary
srec_cat psk-persistent/1.hex -intel -offset -$(($(base_of stm32-2k))) -o unit.bin -binary
check "and the image" cmp part.bin unit.bin

# ---- exports by json, csv and openssl ----

for name in x509-persistent psk-persistent psk-non-persistent rpk-oscore; do
	key=profiles/pki/backend.key
	grep -q station-key profiles/$name.yaml && key=profiles/pki/station.key
	check "$name: exported" "$I" batch export --ledger $name.db --batch b --out $name.jsonl
	check "$name: as CSV" "$I" batch export --ledger $name.db --batch b --format csv --out $name.csv
	check "$name: with keys" "$I" batch export --ledger $name.db --batch b --reveal-secrets --key-file $key --out $name.secret
	check "$name: for its owner alone" test "$(stat -c %a $name.jsonl $name.csv $name.secret | sort -u)" = 600
	for unit in "$name"/[123].*; do
		"$I" inspect --json --reveal-secrets "$unit" >"$name.$(basename "${unit%.*}").json"
	done
	check "$name: JSON, CSV and images say the same" python3 - $name <<'PY'
import base64, csv, hashlib, json, subprocess, sys

name = sys.argv[1]
rows = [json.loads(line) for line in open(name + ".jsonl")]
secret = [json.loads(line) for line in open(name + ".secret")]
assert rows and len(rows) == len(secret)
shown = {}
for serial in "123":
    d = json.load(open(f"{name}.{serial}.json"))
    while "contains" in d:
        d = d["contains"]
    for o in d["objects"]:
        for i in o["instances"]:
            for r in i["resources"]:
                shown[serial, o["id"], i["id"], r["id"]] = r.get("value", r.get("hex"))

# CSV: the same rows, column by column; what a row has not is empty.
for row, line in zip(rows, csv.DictReader(open(name + ".csv", newline="")), strict=True):
    for column, text in line.items():
        value = row.get(column, "")
        assert text == str(value), (column, text, value)
    assert row.keys() <= line.keys(), row.keys() - line.keys()

def spki_sha256(der):
    p = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=der, capture_output=True, check=True)
    p = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=p.stdout, capture_output=True, check=True)
    return hashlib.sha256(p.stdout).hexdigest()

made = set()
for row, full in zip(rows, secret):
    at = row["serial"], 0, row["account"]
    assert {k: full[k] for k in row} == row, "with keys: other values"
    assert shown[at + (0,)] == row["uri"]
    assert shown[at + (1,)] is (row["role"] == "bootstrap")
    assert shown.get(at + (10,)) == row.get("short_server_id")
    mode = {"psk": 0, "rpk": 1, "x509": 2, "none": 3}[row["security"]]
    assert shown[at + (2,)] == mode
    if row["security"] == "psk":
        assert bytes.fromhex(shown[at + (3,)]).decode() == row["identity"]
        assert "psk" not in row, "a key unasked"
        key = bytes.fromhex(full["psk"])
        assert key.hex() == shown[at + (5,)], "another key"
        made.add(key)
    if row["security"] == "x509":
        der = base64.b64decode(row["certificate"], validate=True)
        assert der.hex() == shown[at + (3,)]
        assert spki_sha256(der) == row["public_key_sha256"]
        made.add(der)
    if row["security"] == "rpk":
        der = base64.b64decode(row["public_key"], validate=True)
        assert der.hex() == shown[at + (3,)]
        subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-noout"], input=der, check=True)
        made.add(der)
assert len(made) == len([r for r in rows if r["security"] != "none"]), "a key twice"
PY
done

# ---- certificates, keys and the seal by openssl ----

python3 - <<'PY'
import base64, json
for n, line in enumerate(open("x509-persistent.jsonl")):
    with open(f"cert{n}.der", "wb") as f:
        f.write(base64.b64decode(json.loads(line)["certificate"]))
PY
for cert in cert*.der; do
	openssl x509 -inform DER -in "$cert" -out "$cert.pem"
	check "$cert: verified against the CA" openssl verify -x509_strict -purpose sslclient -CAfile profiles/pki/ca.pem "$cert.pem"
	refused "$cert: not by another CA" openssl verify -CAfile profiles/pki/server-ca.pem "$cert.pem"
	check "$cert: asn1parse" openssl asn1parse -inform DER -in "$cert"
	serial=$(openssl x509 -inform DER -in "$cert" -noout -serial | sed 's/serial=//' | tr A-F a-f)
	check "$cert: its serial is in the manifest" grep -q "\"certificate-serial\".*\"$serial\"" x509-persistent/manifest.jsonl
done
check "six certificates" test "$(find . -name 'cert*.pem' | wc -l)" = 6

# The seal, without the program: CMS gives the data key, AES-256-GCM under it the payload of a unit,
# bound to batch, unit and endpoint (ledger.h).
blob() { # ledger, SQL
	sqlite3 "$1" "$2" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'
}
blob x509-persistent.db 'SELECT hex(data_key) FROM batch' >data.cms
check "the data key" openssl cms -decrypt -inform DER -in data.cms -inkey profiles/pki/backend.key -out data.key
for unit in 1 2 3; do
	endpoint=$(sqlite3 x509-persistent.db "SELECT endpoint FROM unit WHERE id = $unit")
	blob x509-persistent.db "SELECT hex(payload) FROM sealed WHERE unit = $unit" >sealed
	"$I" set convert x509-persistent/$unit.bin --to ef --out unit.ef --force --quiet
	for bound in $unit 4; do
		aad=$(printf imprint1 | od -An -v -tx1 | tr -d ' \n')$(
			printf '%016x%016x' 1 $bound
		)$(printf %s "$endpoint" | od -An -v -tx1 | tr -d ' \n')
		if [ $bound = $unit ]; then
			"$here/unseal.py" data.key "$aad" <sealed >opened
			check "unit $unit: its payload" cmp opened unit.ef
		else
			refused "unit $unit: not as another" "$here/unseal.py" data.key "$aad" <sealed
		fi
	done
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
