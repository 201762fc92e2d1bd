#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint against software that others wrote, on loopback: Eclipse Leshan (Maven), two packages of
# npm, and the DTLS clients of GnuTLS and OpenSSL.  Packages come by name with npm and mvn, as this
# machine has them set up, into $O/interop; what cannot be had is skipped, and said so.
# shellcheck disable=SC2154,SC2016 # root, out and rc come from batch_lib.sh; eval expands what it gets
set -u
O=$(cd "${O:-build}" && pwd)
peers=$O/interop
interop=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/batch_lib.sh
. "$interop/../e2e/batch_lib.sh"
umask 077
server='' manager='' boot='' unit=''
trap 'for p in $server $manager $boot $unit; do kill "$p" 2>/dev/null; done; [ -z "${KEEP:-}" ] && rm -rf "$work"' EXIT

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
	classes="$peers/maven/lib/*"
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
dm=$(free_port) bs=$(free_port) bsopen=$(free_port)
bootstrap_account() { # security, URI, what it needs
	printf '  - role: bootstrap\n    uri: %s\n    security: %s\n%s\n' "$2" "$1" "$3"
}
server_account() { # security, what it needs
	printf '  - role: server\n    uri: coaps://127.0.0.1:%s\n    short-server-id: 101\n    lifetime: 300\n    security: %s\n%s\n' "$dm" "$1" "$2"
}
profile() { # name; accounts on standard input
	cat >"$1.yaml" <<-END
		product: $1
		endpoint: "{serial}"
		keys: persistent
		accounts:
		$(cat)
		x509: { ca: pki/ca.pem, ca-key: pki/ca.key, subject: "CN={endpoint}" }
		targets:
		  flash:
		    layout: $root/flash-images/layouts/nor-4k.yaml
		seal:
		  station-key: pki/station.key
	END
	case $1 in *x509) ;; *) sed -i '/^x509:/d' "$1.yaml" ;; esac
}
needs() { # security, server or bootstrap
	case $1 in
	psk) printf '    psk: { identity: "%s-{serial}", length: 16 }' "$2" ;;
	rpk) printf '    server-key: pki/%s.pem' "$([ "$2" = server ] && echo dm-rpk || echo bs-rpk)" ;;
	x509) printf '    server-key: pki/%s.pem\n    certificate-usage: domain-issued' "$([ "$2" = server ] && echo dm || echo bs)" ;;
	esac
}
made() { # batch: devices of the profile of its name, as many as needed
	devices "$1.csv" "$1-" 4
	expect 0 "plan $1" batch new --ledger l.db --profile "$1.yaml" --devices "$1.csv" --name "$1"
	expect 0 "run $1" batch run --ledger l.db --batch "$1" --out out
}
for kind in psk rpk x509; do
	{
		bootstrap_account $kind "coaps://127.0.0.1:$bs" "$(needs $kind bootstrap)"
		server_account $kind "$(needs $kind server)"
	} | profile $kind
	made $kind
	expect 0 "export $kind" batch export --ledger l.db --batch $kind --out $kind.jsonl --reveal-secrets
done
# Devices that know a bootstrap server and no other, and what that is to give them.
for kind in psk rpk x509; do
	bootstrap_account $kind "coaps://127.0.0.1:$bs" "$(needs $kind bootstrap)" | profile bare-$kind
	server_account $kind "$(needs $kind server)" | profile air-$kind
done
bootstrap_account none "coap://127.0.0.1:$bsopen" "" | profile bare-open
server_account psk "$(needs psk server)" | profile air-open
for kind in psk rpk x509 open; do
	made bare-$kind
	expect 0 "hand over $kind" server export --ledger l.db --batch bare-$kind --write air-$kind.yaml \
		--to leshan --reveal-secrets --out $kind.leshan
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
	: >server.log # what the last one said is not waited for
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
listening() { # log
	for _ in $(seq 600); do
		grep -q '^listening' "$1" && return 0
		sleep 0.1
	done
	return 1
}
manage() { # seconds
	java_ "$1" LeshanManager "$dm" "$1" dm.der dm.p8 ca.der ./*.jsonl ./*.leshan >manager.log 2>&1 &
	manager=$!
	check "Leshan's server listens" listening manager.log
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
	check "GnuTLS: PSK" gnutls --pskusername bootstrap-psk-00000 --pskkey "$key" --priority $psk
	check "GnuTLS: PSK with AES-128-CCM-8" gnutls --pskusername bootstrap-psk-00000 --pskkey "$key" --priority $psk:-CIPHER-ALL:+AES-128-CCM-8
	check "GnuTLS: another's key" eval '! gnutls --pskusername bootstrap-psk-00001 --pskkey "$key" --priority $psk'
	check "GnuTLS: X.509" gnutls --x509certfile device.pem --x509keyfile device.key --x509cafile pki/server-ca.pem \
		--verify-hostname bs.example.com --priority $ec
	check "GnuTLS: a certificate of no unit" eval '! gnutls --x509certfile foreign.pem --x509keyfile foreign.key --insecure --priority $ec'
else
	skipped "gnutls-cli" "not here"
fi
check "OpenSSL: PSK" openssl_ -psk_identity bootstrap-psk-00000 -psk "$key" -cipher PSK
check "OpenSSL: PSK with AES-128-CCM-8" openssl_ -psk_identity bootstrap-psk-00000 -psk "$key" -cipher PSK-AES128-CCM8
check "OpenSSL: another's key" eval '! openssl_ -psk_identity bootstrap-psk-00001 -psk "$key" -cipher PSK'
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
	manage 580
	n=0
	for pct in '' 11542 112 110; do
		device psk-00001 nosec "coap://127.0.0.1:$plain" ${pct:+pct=$pct}
		bootstraps "NoSec${pct:+, pct=$pct}" psk-00001 $((n += 1))
	done
	n=0
	for pct in 11542 112 110; do
		device psk-00002 psk "coaps://127.0.0.1:$dtls" identity=bootstrap-psk-00002 "key=$(held psk-00002 5)" pct=$pct
		bootstraps "PSK, pct=$pct" psk-00002 $((n += 1))
	done
	device psk-00002 psk "coaps://127.0.0.1:$dtls" identity=bootstrap-psk-00002 "key=$(held psk-00001 5)"
	check "Leshan, PSK: another's key" [ $rc = 1 ]
	device psk-00001 psk "coaps://127.0.0.1:$dtls" identity=bootstrap-psk-00002 "key=$(held psk-00002 5)"
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

# ---- imprint device at bootstrap servers of others -------------------------------------------------

registers() { # what, endpoint, image: until Leshan's server has asked what it asks; then good-bye
	local before
	before=$(grep -c "^asked $2\$" manager.log)
	"$IMPRINT" --json device run --endpoint "$2" --flash "out/$3.bin" --layout "$root/flash-images/layouts/nor-4k.yaml" \
		--store "$2.store" --lifetime-of-run 40 "${@:4}" >device.log 2>&1 </dev/null &
	unit=$!
	for _ in $(seq 300); do
		[ "$(grep -c "^asked $2\$" manager.log)" -gt "$before" ] && break
		sleep 0.1
	done
	kill "$unit" && wait "$unit"
	rc=$?
	unit='' out=$(tail -8 device.log; grep " of $2:" manager.log | tail -3)
	check "$1: the device ends well" [ $rc = 0 ]
	says "read /3/0/0 of $2: CONTENT(205)"
	says "read /1 of $2: CONTENT(205)"
	says "read /0 of $2: UNAUTHORIZED(401)"
	out=$(tail -4 manager.log)
	says "unregistered $2"
}
if [ -n "$have_leshan" ]; then
	java_ 300 LeshanBootstrap "$bs" "$bsopen" 300 bs.der bs.p8 ca.der psk.leshan x509.leshan open.leshan >boot.log 2>&1 &
	boot=$!
	out=$(listening boot.log || cat boot.log)
	check "Leshan's bootstrap server takes what is handed over" [ "$(grep -c '^taken: ' boot.log)" = 3 ]
	for kind in open psk x509; do
		registers "Leshan's bootstrap server, $kind" bare-$kind-00003 bare-$kind-00003
		out=$(grep "bare-$kind-00003" boot.log)
		says "finished bare-$kind-00003"
	done
	kill "$boot"
	wait "$boot"
	# Known by the bare key of another pair; Leshan has a certificate for it too, and is to send the key.
	openssl pkcs8 -topk8 -nocrypt -in pki/bs-rpk.key -outform DER -out rpk.p8
	openssl req -x509 -new -key pki/bs-rpk.key -subj /CN=bs -days 30 -outform DER -out rpk.der
	java_ 200 LeshanBootstrap "$bs" "$bsopen" 200 rpk.der rpk.p8 ca.der rpk.leshan >boot.log 2>&1 &
	boot=$!
	listening boot.log
	registers "Leshan's bootstrap server, rpk" bare-rpk-00003 bare-rpk-00003
	out=$(grep bare-rpk-00003 boot.log)
	says "finished bare-rpk-00003"
	kill "$boot"
	wait "$boot"
	boot=''
fi
if [ -n "$have_npm" ] && [ -n "$have_leshan" ]; then
	cp "$interop/bs_server.js" .
	account=$(jq -c 'select(.endpoint == "bare-open-00002").bootstrap.security[]' open.leshan)
	python3 - "$dm" "$account" >steps <<-'END'
		import json, sys
		def tlv(r, v):
		    v = v if isinstance(v, bytes) else v.encode()
		    n = bytes([len(v)])
		    return (bytes([0xC0 | len(v), r]) if len(v) < 8 else bytes([0xC8, r]) + n) + v
		port, account = sys.argv[1], json.loads(sys.argv[2])
		identity, key = bytes(account["publicKeyOrId"]), bytes(account["secretKey"])
		print("DELETE /")
		security = [(0, "coaps://127.0.0.1:" + port), (1, b"\0"), (2, b"\0"), (3, identity), (5, key), (10, b"\0\x65")]
		server = [(0, b"\0\x65"), (1, b"\1\x2c"), (6, b"\0"), (7, "U")]
		print("PUT /0/7 11542", b"".join(tlv(*r) for r in security).hex())
		print("PUT /1/3 11542", b"".join(tlv(*r) for r in server).hex())
	END
	node bs_server.js "$bsopen" steps 120 >boot.log 2>&1 </dev/null &
	boot=$!
	listening boot.log
	registers "coap as a bootstrap server" bare-open-00002 bare-open-00002
	out=$(cat boot.log)
	says "DELETE / 0 octets: 2.02"
	says "PUT /0/7 "
	says "PUT /1/3 "
	says "POST /bs 0 octets: 2.04"
	check "coap: no error" eval '! grep -q ": [45]\." boot.log'
	kill "$boot"
	wait "$boot"
	boot=''
fi
expect 0 "the ledger holds" ledger verify --ledger l.db
[ -z "${KEEP:-}" ] || cp -r . "$KEEP"
finish
