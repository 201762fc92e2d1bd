#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint against software that others wrote, on loopback: Eclipse Leshan (Maven), two packages of
# npm, and the DTLS clients of GnuTLS and OpenSSL.  Packages come by name with npm and mvn, as this
# machine has them set up, into $O/interop; what cannot be had is skipped, and said so.
# shellcheck disable=SC2154 # root, out and rc come from batch_lib.sh
set -u
O=$(cd "${O:-build}" && pwd)
peers=$O/interop
interop=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/batch_lib.sh
. "$interop/../e2e/batch_lib.sh"
umask 077
server='' manager=''
trap 'for p in $server $manager; do kill "$p" 2>/dev/null; done; [ -z "${KEEP:-}" ] && rm -rf "$work"' EXIT

# ---- peers -----------------------------------------------------------------------------------------

skipped() { # what, why
	echo "skipped: $1: $2"
}

# Anew only when the list of what is wanted has changed.
fetch() { # folder, list, tool, command...
	local at=$peers/$1 list=$2 tool=$3
	shift 3
	command -v "$tool" >/dev/null || { why="no $tool here"; return 1; }
	cmp -s "$interop/$list" "$at/fetched" && return 0
	mkdir -p "$at" && cp "$interop/$list" "$at/$list"
	(cd "$at" && timeout 400 "$@" >fetch.log 2>&1 </dev/null) || { why="$list cannot be fetched, see $at/fetch.log"; return 1; }
	cp "$interop/$list" "$at/fetched"
}
have_npm='' have_leshan='' why=''
if fetch npm package.json npm npm install --no-package-lock --no-audit --no-fund --ignore-scripts; then
	have_npm=1
else
	skipped "coap, coap-node" "$why"
fi
if ! command -v javac >/dev/null; then
	skipped "Leshan" "no javac here"
elif fetch maven pom.xml mvn mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib; then
	classes=$peers/maven/lib/*
	out=$(javac -d "$peers/classes" -cp "$classes" "$interop"/*.java 2>&1) && have_leshan=1
	check "the programs on Leshan compile" [ -n "$have_leshan" ]
else
	skipped "Leshan" "$why"
fi
java_() { # seconds, class, arguments: takes the place of the shell it is called in
	local seconds=$1
	shift
	exec timeout "$seconds" java -XX:TieredStopAtLevel=1 -cp "$peers/classes:$classes" "$@" </dev/null
}

# ---- devices ---------------------------------------------------------------------------------------

free_port() {
	local port
	while port=$((20000 + RANDOM % 20000)); ss -lun | grep -q ":$port "; do :; done
	echo "$port"
}
bash "$root/factory/profiles/make-pki.sh" pki >/dev/null 2>&1 || exit 1
openssl pkey -in pki/dm.key -pubout -out pki/dm-rpk.pem
# Leshan's DTLS starts with no certificate that is good for servers alone.
openssl req -new -key pki/dm.key -subj /CN=dm.example.com | openssl x509 -req -CA pki/server-ca.pem -CAkey pki/server-ca.key \
	-set_serial 7 -days 30 -out pki/dm.pem -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE \
	keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth,clientAuth) 2>/dev/null
for name in ca bs dm; do
	openssl x509 -in pki/$name.pem -outform DER -out $name.der
	openssl pkcs8 -topk8 -nocrypt -in pki/$name.key -outform DER -out $name.p8
done
dm=$(free_port)
profile() { # name, security of both accounts, what the first needs, what the second needs
	cat >"$1.yaml" <<-END
		product: $1
		endpoint: "{serial}"
		keys: persistent
		accounts:
		  - role: bootstrap
		    uri: coaps://127.0.0.1:5684
		    security: $2
		$3
		  - role: server
		    uri: coaps://127.0.0.1:$dm
		    short-server-id: 101
		    lifetime: 300
		    security: $2
		$4
		$5
		targets:
		  flash:
		    layout: $root/flash-images/layouts/nor-4k.yaml
		seal:
		  station-key: pki/station.key
	END
}
profile psk psk '    psk: { identity: "bs-{serial}", length: 16 }' '    psk: { identity: "dm-{serial}", length: 16 }' ''
profile rpk rpk '    server-key: pki/bs-rpk.pem' '    server-key: pki/dm-rpk.pem' ''
profile x509 x509 '    server-key: pki/bs.pem
    certificate-usage: domain-issued' '    server-key: pki/dm.pem
    certificate-usage: domain-issued' 'x509: { ca: pki/ca.pem, ca-key: pki/ca.key, subject: "CN={endpoint}" }'
for kind in psk rpk x509; do
	devices $kind.csv "$kind-" 4
	expect 0 "plan $kind" batch new --ledger l.db --profile $kind.yaml --devices $kind.csv --name $kind
	expect 0 "run $kind" batch run --ledger l.db --batch $kind --out out
	expect 0 "export $kind" batch export --ledger l.db --batch $kind --out $kind.jsonl --reveal-secrets
done
# A resource of the bootstrap account as the device has it in its flash, in hex.
held() { # serial, resource
	"$IMPRINT" boot --flash "out/$1.bin" --layout "$root/flash-images/layouts/nor-4k.yaml" --json --reveal-secrets >held.json
	jq -r "[.objects[] | select(.id == 0).instances[0].resources[] | select(.id == $2)][0] | .hex // .value" held.json
	rm -f held.json
}
octets() { # hex on standard input
	python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'
}

# ---- servers ---------------------------------------------------------------------------------------

serve() { # arguments of server run; sets dtls and plain to the ports
	"$IMPRINT" --json server run --ledger l.db --listen coaps://127.0.0.1:0 --listen coap://127.0.0.1:0 --allow-nosec "$@" \
		>server.log 2>server.err </dev/null &
	server=$!
	for _ in $(seq 300); do
		[ "$(grep -c '"event":"listening"' server.log)" = 2 ] && break
		sleep 0.1
	done
	dtls=$(sed -nE 's/.*"uri":"coaps:[^"]*","port":([0-9]+).*/\1/p' server.log)
	plain=$(sed -nE 's/.*"uri":"coap:[^"]*","port":([0-9]+).*/\1/p' server.log)
}
stop() {
	kill "$server" && wait "$server"
	check "the server stops when asked" [ $? = 0 ]
	server=''
}
finished() { # endpoint, times
	[ "$(jq -c "select(.event == \"finished\" and .endpoint == \"$1\")" server.log | wc -l)" = "$2" ]
}
manage() { # seconds
	java_ 400 LeshanManager "$dm" "$1" dm.der dm.p8 ca.der psk.jsonl rpk.jsonl x509.jsonl >manager.log 2>&1 &
	manager=$!
	for _ in $(seq 300); do
		grep -q '^listening' manager.log && break
		sleep 0.1
	done
}

# ---- DTLS: handshakes of other libraries -----------------------------------------------------------

gnutls() { # arguments; true when the handshake is completed
	out=$(timeout 20 gnutls-cli --udp -p "$dtls" 127.0.0.1 "$@" </dev/null 2>&1)
	grep -q 'Handshake was completed' <<<"$out"
}
openssl_() { # arguments
	out=$(sleep 1 | timeout 20 openssl s_client -dtls1_2 -connect "127.0.0.1:$dtls" "$@" 2>&1)
	grep -q 'Cipher is [A-Z]*[-_A-Z0-9]*' <<<"$out" && ! grep -q 'Cipher is (NONE)' <<<"$out" && ! grep -qi 'alert' <<<"$out"
}
serve --cert pki/bs.pem --cert-key pki/bs.key
key=$(held psk-00000 5)
held x509-00000 3 | octets | openssl x509 -inform DER -out device.pem
held x509-00000 5 | octets | openssl pkey -inform DER -out device.key
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout foreign.key -subj /CN=x509-00000 -out foreign.pem 2>/dev/null
if command -v gnutls-cli >/dev/null; then
	psk=NORMAL:-KX-ALL:+PSK:-VERS-ALL:+VERS-DTLS1.2
	ec=NORMAL:-VERS-ALL:+VERS-DTLS1.2
	check "GnuTLS: PSK" gnutls --pskusername bs-psk-00000 --pskkey "$key" --priority $psk
	check "GnuTLS: PSK with AES-128-CCM-8" gnutls --pskusername bs-psk-00000 --pskkey "$key" --priority $psk:-CIPHER-ALL:+AES-128-CCM-8
	check "GnuTLS: another's key" eval '! gnutls --pskusername bs-psk-00001 --pskkey "$key" --priority $psk'
	check "GnuTLS: X.509" gnutls --x509certfile device.pem --x509keyfile device.key --x509cafile pki/server-ca.pem \
		--verify-hostname bs.example.com --priority $ec
	check "GnuTLS: a certificate of no unit" eval '! gnutls --x509certfile foreign.pem --x509keyfile foreign.key --insecure --priority $ec'
else
	skipped "gnutls-cli" "not here"
fi
check "OpenSSL: PSK" openssl_ -psk_identity bs-psk-00000 -psk "$key" -cipher PSK
check "OpenSSL: PSK with AES-128-CCM-8" openssl_ -psk_identity bs-psk-00000 -psk "$key" -cipher PSK-AES128-CCM8
check "OpenSSL: another's key" eval '! openssl_ -psk_identity bs-psk-00001 -psk "$key" -cipher PSK'
check "OpenSSL: X.509" openssl_ -cert device.pem -key device.key -CAfile pki/server-ca.pem -verify_return_error
check "OpenSSL: X.509 with AES-128-CCM-8" openssl_ -cert device.pem -key device.key -CAfile pki/server-ca.pem -verify_return_error \
	-cipher ECDHE-ECDSA-AES128-CCM8
check "OpenSSL: a certificate of no unit" eval '! openssl_ -cert foreign.pem -key foreign.key'
check "the server has outlived them" kill -0 "$server"

# ---- coap-node as a device -------------------------------------------------------------------------

# Where it differs from the texts (0.2.5), and why the server neither asks nor deletes here:
#  - it answers Bootstrap-Discover by a Reset that has a token, which is no message (RFC 7252, 4.1),
#    and then by a piggybacked 5.00;
#  - Delete of an object ends the process with a TypeError, Delete of an instance or of "/" is
#    answered and leaves all as it was;
#  - Finish is answered 2.04 whatever was written;
#  - it takes TLV and no SenML, instances and no objects, and gives opaque values back in hex.
stop
if [ -n "$have_npm" ]; then
	ln -s "$peers/npm/node_modules" node_modules
	cp "$interop/coap_node.js" .
	serve --no-discover --clear nothing
	out=$(timeout 30 node coap_node.js psk-00000 "$plain" 20 2>&1)
	check "coap-node: bootstraps" [ $? = 0 ]
	says "bootstrapped"
	says "lwm2mSecurity 1 lwm2mServerURI coaps://127.0.0.1:$dm"
	says "lwm2mSecurity 1 secretKey 32 octets"
	says "lwm2mServer 0 shortServerId 101"
	says "lwm2mServer 0 lifetime 300"
	stop
fi

# ---- Leshan's client -------------------------------------------------------------------------------

device() { # endpoint, security, uri, lines of properties
	printf '%s\n' "endpoint=$1" "security=$2" "uri=$3" "${@:4}" >device.properties
	out=$(java_ 60 LeshanDevice device.properties 2>&1)
	rc=$?
	rm -f device.properties
}
files() { # serial: what its device shows and expects, in files
	held "$1" 3 | octets >public
	held "$1" 5 | octets >private
	held "$1" 4 | octets >server
}
bootstraps() { # what, endpoint, times
	check "Leshan, $1: bootstraps and registers" [ $rc = 0 ]
	says "bootstrapped"
	says "/1/0/0 101"
	says "/1/0/1 300"
	says "registered at coaps://127.0.0.1:$dm"
	check "Leshan, $1: the server says so" finished "$2" "$3"
}
if [ -n "$have_leshan" ]; then
	serve --cert pki/bs.pem --cert-key pki/bs.key
	manage 380
	check "Leshan's server listens" grep -q '^listening' manager.log
	n=0
	for pct in '' 11542 112 110; do
		device psk-00001 nosec "coap://127.0.0.1:$plain" ${pct:+pct=$pct}
		bootstraps "NoSec${pct:+, pct=$pct}" psk-00001 $((n += 1))
	done
	n=0
	for pct in 11542 112 110; do
		device psk-00002 psk "coaps://127.0.0.1:$dtls" identity=bs-psk-00002 "key=$(held psk-00002 5)" pct=$pct
		bootstraps "PSK, pct=$pct" psk-00002 $((n += 1))
	done
	device psk-00002 psk "coaps://127.0.0.1:$dtls" identity=bs-psk-00002 "key=$(held psk-00001 5)"
	check "Leshan, PSK: another's key" [ $rc = 1 ]
	device psk-00001 psk "coaps://127.0.0.1:$dtls" identity=bs-psk-00002 "key=$(held psk-00002 5)"
	check "Leshan, PSK: another's name" [ $rc = 1 ]
	says "bootstrap failed: BAD_REQUEST"
	files x509-00001
	device x509-00001 x509 "coaps://127.0.0.1:$dtls" public=public private=private server=server
	bootstraps X.509 x509-00001 1
	check "what a device had to take: errors on nothing" [ "$(jq -c 'select(.event == "step") | .code' server.log | sort -u | tr -d '\n')" = '"2.02""2.04"' ]
	stop
	serve --rpk-key pki/bs-rpk.key
	files rpk-00001
	device rpk-00001 rpk "coaps://127.0.0.1:$dtls" public=public private=private server=server
	bootstraps RPK rpk-00001 1
	stop
	check "all are registered" [ "$(grep -c '^registered ' manager.log)" = 9 ]
	check "and have said good-bye" [ "$(grep -c '^unregistered ' manager.log)" = 9 ]
fi
rm -f public private server
expect 0 "the ledger holds" ledger verify --ledger l.db
[ -z "${KEEP:-}" ] || cp -r . "$KEEP"
finish
