#!/bin/bash
# 24 devices by three profiles: X.509 persistent, PSK persistent, PSK non-persistent.
# 22 get a flash image, two get a smartcard behind a real pcscd; then every device boots.
#   O=build tests/demo.sh [FOLDER]      (FOLDER is made anew; default: demo)
set -eu
umask 077 # OpenSC writes keys too
O=${O:-build}
here=$PWD
bin=$(realpath "$O/imprint")
out=${1:-demo}

say() { printf '\n== %s\n' "$*"; }

if [ "${DEMO_INSIDE:-}" = 1 ]; then # behind pcscd, with two new cards
	cd "$out"
	n=0
	for serial in M-000023 M-000024; do
		endpoint=urn:dev:ops:0001B2-HEAT-$serial
		"$bin" card write --reader $n --ledger line.ledger --endpoint "$endpoint" --adm-file adm.txt --yes --quiet
		"$bin" --json boot --reader $n >"boots/$serial.json"
		"$bin" card read --reader $n --out "cards/$serial.ef"
		pkcs15-tool -r $n --raw -R 2.23.43.9.1 -o "cards/$serial.opensc" </dev/null >/dev/null 2>&1
		size=$(stat -c %s "cards/$serial.ef")
		cmp -n "$size" "cards/$serial.ef" "cards/$serial.opensc" # OpenSC gives the file with its padding
		echo "card $n: $endpoint written, verified, booted; OpenSC reads the same $size octets"
		n=$((n + 1))
	done
	exit 0
fi

rm -rf "$out"
mkdir -p "$out/boots" "$out/cards"
chmod 700 "$out"
cp -r factory/profiles "$out/profiles"
say "throw-away CA, server keys, station key: $out/profiles/pki"
bash factory/profiles/make-pki.sh "$out/profiles/pki"
cd "$out"
printf '12345678' >adm.txt
chmod 600 adm.txt

# a card is another target of the same product
sed -e '/^targets:/,$d' profiles/psk-persistent.yaml >profiles/psk-card.yaml
printf 'targets:\n  card:\n    read-rule: always\n' >>profiles/psk-card.yaml
sed -n '/^seal:/,$p' profiles/psk-persistent.yaml >>profiles/psk-card.yaml

rows() { awk -v a="$1" -v b="$2" 'BEGIN{print "serial"; for(i=a;i<=b;i++) printf "M-%06d\n",i}'; }
rows 1 8 >x509.csv
rows 9 14 >psk.csv
rows 15 22 >once.csv
rows 23 24 >card.csv

say "profiles checked"
"$bin" profile check profiles/x509-persistent.yaml profiles/psk-persistent.yaml profiles/psk-non-persistent.yaml profiles/psk-card.yaml

batch() { # NAME PROFILE LIST
	"$bin" batch new --ledger line.ledger --profile "profiles/$2.yaml" --devices "$3" --name "$1"
	"$bin" batch run --ledger line.ledger --batch "$1" --out "images-$1"
}
say "batches: planned, made, written, read back"
batch x509 x509-persistent x509.csv
batch psk psk-persistent psk.csv
batch once psk-non-persistent once.csv
batch card psk-card card.csv

say "two smartcards behind pcscd"
"$bin" card emulate --state card0.json --iccid 8988211000000000235 --adm-file adm.txt --create-only
"$bin" card emulate --state card1.json --iccid 8988211000000000243 --adm-file adm.txt --create-only
(cd "$here" && DEMO_INSIDE=1 IMPRINT=$bin tests/e2e/pcsc_bench.sh --card "$out/card0.json" --card "$out/card1.json" -- bash tests/demo.sh "$out")

say "every device boots"
for image in images-x509/* images-psk/* images-once/*; do
	serial=$(basename "${image%.*}")
	[ "$serial" = manifest ] || "$bin" --json boot --flash "$image" >"boots/$serial.json"
done
echo "$(ls boots | wc -l) boots, see $out/boots"

say "the record"
"$bin" batch status --ledger line.ledger
"$bin" ledger verify --ledger line.ledger

say "what happened"
python3 - <<'PY'
import glob, json, os
rows = []
for path in sorted(glob.glob("boots/*.json")):
    d = json.load(open(path))
    objects = {o["id"]: o for o in d["objects"]}
    modes = {0: "PSK", 1: "RPK", 2: "X.509", 3: "none"}
    accounts = []
    for i in objects[0]["instances"]:
        r = {x["id"]: x for x in i["resources"]}
        accounts.append(("bootstrap " if r[1]["value"] else "server ") + modes[r[2]["value"]])
    rows.append((os.path.basename(path)[:-5], d["source"], d.get("keys") or "-", d["bytes"], ", ".join(accounts)))
print("  %-10s %-8s %-15s %7s  %s" % ("device", "source", "keys", "octets", "accounts"))
for r in rows:
    print("  %-10s %-8s %-15s %7d  %s" % r)
print("\n  %d of 24 devices booted with their credentials" % len(rows))
raise SystemExit(len(rows) != 24)
PY
say "where things are"
cat <<TXT
  $out/line.ledger            the ledger: units, sealed keys, chain of events
  $out/images-*/SERIAL.*      flash images (0600: they hold keys), manifest.jsonl beside them (no secrets)
  $out/cards/                 what was read from the two cards, by imprint and by OpenSC
  $out/boots/                 what each device's reader loaded, as JSON
  $out/profiles/              the profiles and their throw-away PKI

  try: $O/imprint inspect $out/images-x509/M-000001.bin
TXT
