#!/bin/bash
# Keys, certificates and seals of whole batches, judged by openssl alone: x509, verify, asn1parse,
# pkey, cms.  CA and backend as EC and as RSA.
set -u
IMPRINT=${IMPRINT:-${O:-build}/imprint}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
for tool in openssl sqlite3 python3; do
	command -v $tool >/dev/null || {
		echo "test_crypto: $tool is missing; .ci/install installs it" >&2
		exit 1
	}
done
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r factory/profiles "$work/profiles"
cd "$work" || exit 1
sh profiles/make-pki.sh >/dev/null || exit 1
printf 'serial\n0001\n0002\n0003\n' >devices.csv

passed=0 failed=0
check() { # WHAT, COMMAND...
	local what=$1
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		printf '%s\n' "$out" | sed 's/^/    /'
	fi
}
refused() { # WHAT, COMMAND...: it must fail
	local what=$1
	shift
	if out=$("$@" 2>&1); then
		failed=$((failed + 1))
		echo "FAILED: $what was taken"
	else
		passed=$((passed + 1))
	fi
}
says() { # TEXT, COMMAND...
	local text=$1
	shift
	"$@" | grep -qF -- "$text"
}

# One resource of /0/INSTANCE as octets: image, instance, resource, file.
resource() {
	"$IMPRINT" inspect --json --reveal-secrets "$1" >set.json && python3 - "$2" "$3" >"$4" <<'PY'
import json, sys
d = json.load(open("set.json"))
while "contains" in d:
    d = d["contains"]
instance, resource = int(sys.argv[1]), int(sys.argv[2])
for o in d["objects"]:
    for i in o["instances"]:
        for r in i["resources"]:
            if (o["id"], i["id"], r["id"]) == (0, instance, resource):
                sys.stdout.buffer.write(bytes.fromhex(r["hex"]))
PY
}

# A batch of its own ledger: NAME PROFILE; the images lie in NAME/.
batch() {
	mkdir "$1"
	"$IMPRINT" --quiet batch new --ledger "$1.db" --profile "$2" --devices devices.csv --name "$1" &&
		"$IMPRINT" --quiet batch run --ledger "$1.db" --batch "$1" --out "$1" >/dev/null &&
		[ "$(find "$1" -name '*.bin' | wc -l)" = 3 ]
}

same_key() { # CERTIFICATE PRIVATE-KEY, both DER
	[ "$(openssl x509 -inform DER -in "$1" -noout -pubkey)" = \
		"$(openssl pkey -inform DER -in "$2" -pubout)" ]
}

certificate() { # NAME CA: the certificates of unit 0001, both accounts
	local text i cert=$1.der
	for i in 0 1; do
		resource "$1/0001.bin" $i 3 "$cert"
		resource "$1/0001.bin" $i 5 "$1.key"
		text=$(openssl x509 -inform DER -in "$cert" -noout -text -nameopt RFC2253)
		openssl x509 -inform DER -in "$cert" -out "$1.pem"
		check "$1/$i: x509_strict" openssl verify -x509_strict -purpose sslclient -CAfile "$2" "$1.pem"
		refused "$1/$i: as a server" openssl verify -purpose sslserver -CAfile "$2" "$1.pem"
		refused "$1/$i: by another CA" openssl verify -CAfile profiles/pki/server-ca.pem "$1.pem"
		check "$1/$i: key and certificate" same_key "$cert" "$1.key"
		check "$1/$i: asn1parse" openssl asn1parse -inform DER -in "$cert"
		check "$1/$i: the key" openssl pkey -inform DER -in "$1.key" -check -noout
		check "$1/$i: the key's form" says "prim: INTEGER           :00" openssl asn1parse -inform DER -in "$1.key"
		for line in 'Version: 3' 'Subject: CN=urn:dev:ops:0001B2-METER-0001,O=Example Metering' \
			'URI:urn:dev:ops:0001B2-METER-0001' 'CA:FALSE' 'Digital Signature' \
			'TLS Web Client Authentication' 'ASN1 OID: prime256v1'; do
			check "$1/$i: $line" says "$line" printf '%s\n' "$text"
		done
	done
	check "$1: two accounts, two keys" test "$(resource "$1/0001.bin" 0 5 /dev/stdout | openssl sha256)" != \
		"$(resource "$1/0001.bin" 1 5 /dev/stdout | openssl sha256)"
}

# The data key by openssl cms, and by it alone: 32 octets for the backend, nothing for others.
envelope() { # NAME BACKEND-KEY
	sqlite3 "$1.db" 'SELECT hex(data_key) FROM batch' | python3 -c \
		'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$1.cms"
	check "$1: cms -decrypt" openssl cms -decrypt -inform DER -in "$1.cms" -inkey "$2" -out "$1.datakey"
	check "$1: 32 octets" test "$(wc -c <"$1.datakey")" = 32
	refused "$1: another key" openssl cms -decrypt -inform DER -in "$1.cms" -inkey profiles/pki/dm.key -out "$1.none"
	check "$1: envelopedData" says 'pkcs7-envelopedData' openssl asn1parse -inform DER -in "$1.cms"
	check "$1: aes-256-cbc" says 'aes-256-cbc' openssl cms -cmsout -print -noout -inform DER -in "$1.cms"
	check "$1: the backend opens the rows" "$IMPRINT" batch export --ledger "$1.db" --batch "$1" \
		--out "$1.jsonl" --reveal-secrets --key-file "$2"
	refused "$1: others do not" "$IMPRINT" batch export --ledger "$1.db" --batch "$1" \
		--out "$1.none.jsonl" --reveal-secrets --key-file profiles/pki/dm.key
	check "$1: no row after a refusal" test ! -e "$1.none.jsonl"
}

pki=profiles/pki
check "x509: a batch" batch ec-ca profiles/x509-persistent.yaml
certificate ec-ca $pki/ca.pem
envelope ec-ca $pki/backend.key

# The same product under an RSA CA, sealed to an EC certificate.
openssl req -x509 -newkey rsa:2048 -nodes -keyout $pki/rsa-ca.key -sha256 -days 9000 \
	-subj "/O=Example Metering/CN=RSA CA" -addext basicConstraints=critical,CA:TRUE \
	-addext keyUsage=critical,keyCertSign -out $pki/rsa-ca.pem 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $pki/ec-backend.key \
	-sha256 -days 3650 -subj "/CN=EC backend" -out $pki/ec-backend.pem 2>/dev/null
sed 's,pki/ca\.,pki/rsa-ca.,; s,pki/backend,pki/ec-backend,' profiles/x509-persistent.yaml >profiles/rsa.yaml
check "x509: a batch under an RSA CA" batch rsa-ca profiles/rsa.yaml
certificate rsa-ca $pki/rsa-ca.pem
check "rsa-ca: sha256WithRSAEncryption" says sha256WithRSAEncryption openssl x509 -inform DER -in rsa-ca.der -noout -text
envelope rsa-ca $pki/ec-backend.key

# A P-384 CA, and one key for all checks that openssl makes of a CA before it is used.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout $pki/p384-ca.key -sha384 \
	-days 9000 -subj "/CN=P-384 CA" -addext basicConstraints=critical,CA:TRUE \
	-addext keyUsage=critical,keyCertSign -out $pki/p384-ca.pem 2>/dev/null
sed 's,pki/ca\.,pki/p384-ca.,' profiles/x509-persistent.yaml >profiles/p384.yaml
check "x509: a batch under a P-384 CA" batch p384-ca profiles/p384.yaml
certificate p384-ca $pki/p384-ca.pem

# Values of columns stay one value in a name, whatever they hold.
sed 's/subject: .*/subject: "CN={endpoint},O={maker}"/' profiles/x509-persistent.yaml >profiles/maker.yaml
printf 'serial,maker\n0001,"A, B+C=D;E"\n' >devices.csv
mkdir maker
check "columns in a subject" sh -c "'$IMPRINT' --quiet batch new --ledger m.db --profile profiles/maker.yaml \
	--devices devices.csv --name m && '$IMPRINT' --quiet batch run --ledger m.db --batch m --out maker"
resource maker/0001.bin 0 3 maker.der
check "an organization with commas" says 'O=A\, B\+C=D\;E' openssl x509 -inform DER -in maker.der -noout \
	-subject -nameopt RFC2253

# The control: one octet changed, and openssl sees it.
python3 - <<'PY'
d = bytearray(open("ec-ca.der", "rb").read())
d[-1] ^= 1
open("changed.der", "wb").write(d)
PY
openssl x509 -inform DER -in changed.der -out changed.pem 2>/dev/null
refused "a changed certificate" openssl verify -CAfile $pki/ca.pem changed.pem

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
