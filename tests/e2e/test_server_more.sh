#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# imprint server: handing over to another server and taking over from one; devices with certificates
# and raw public keys; what a profile to write may be; refusals that leave a trace.
# shellcheck disable=SC2154 # root, out and rc come from batch_lib.sh
set -u
# shellcheck source=tests/e2e/batch_lib.sh
. "$(dirname "$0")/batch_lib.sh"
profiles
device=$here/bs_device.py
pid=''
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; [ -z "${KEEP:-}" ] && rm -rf "$work"' EXIT

serve() { # ledger, arguments of server run; sets dtls and plain to the ports
	local ledger=$1
	shift
	: >server.log # the ports of the last one are not this one's
	"$IMPRINT" --json server run --ledger "$ledger" --listen coaps://127.0.0.1:0 --listen coap://127.0.0.1:0 --allow-nosec "$@" \
		>server.log 2>server.err </dev/null &
	pid=$!
	for _ in $(seq 600); do
		[ "$(grep -c '"event":"listening"' server.log)" = 2 ] && break
		sleep 0.05
	done
	dtls=$(sed -nE 's/.*"uri":"coaps:[^"]*","port":([0-9]+).*/\1/p' server.log)
	plain=$(sed -nE 's/.*"uri":"coap:[^"]*","port":([0-9]+).*/\1/p' server.log)
}
stop() {
	kill -TERM "$pid"
	wait "$pid"
	rc=$?
	pid=''
}
bs() { # arguments of the device; $out is what it tells
	out=$(python3 "$device" --server "$plain" "$@" 2>&1)
	rc=$?
}
writes() { # what was written, by path
	jq -S '[.requests[] | select(.method == "PUT") | {path, hex}]' <<<"$out"
}

sed 's/^targets:/  - role: server\n    uri: coaps:\/\/dm.example.com:5684\n    security: psk\n    short-server-id: 101\n    lifetime: 86400\n    psk:\n      identity: "dm-{serial}"\n      length: 16\n&/' psk.yaml >full.yaml
cat >air.yaml <<END
product: meter
endpoint: "urn:dev:ops:0001B2-{serial}"
keys: persistent
accounts:
  - role: bootstrap
    uri: coaps://bs.example.com:5684
    security: psk
    psk:
      identity: "bs2-{serial}"
      length: 32
  - role: server
    uri: coaps://dm.example.com:5684
    security: psk
    short-server-id: 202
    lifetime: 300
    psk:
      identity: "dm2-{serial}"
      length: 16
targets:
  server: true
END

# ---- handing over to Leshan ----------------------------------------------------------------------

devices d.csv S- 3
devices e.csv E- 2
for batch in full:d bare:e; do
	profile=${batch%:*}.yaml
	[ -f "$profile" ] || profile=psk.yaml
	expect 0 "plan" batch new --ledger l.db --profile "$profile" --devices "${batch#*:}.csv" --name "${batch%:*}"
	expect 0 "run" batch run --ledger l.db --batch "${batch%:*}" --out out
done
cp l.db other.db
hand() { run server export --ledger "$@"; }

hand l.db --batch full --to leshan --out f.jsonl
check "keys in clear have to be asked for" [ $rc = 2 ]
says "reveal-secrets"
check "nothing is written" [ ! -e f.jsonl ]
expect 0 "for Leshan" server export --ledger l.db --batch full --to leshan --out f.jsonl --reveal-secrets
check "for the owner alone" [ "$(stat -c %a f.jsonl)" = 600 ]
check "a line for each unit" [ "$(wc -l <f.jsonl)" = 3 ]
expect 0 "the keys as batch export has them" batch export --ledger l.db --batch full --out keys.jsonl --reveal-secrets
key() { jq -r "select(.serial == \"$1\" and .role == \"$2\").psk" keys.jsonl; }
shape() { jq -se "$1" f.jsonl >shape.log 2>&1; }
check "the device proves itself by its bootstrap account" shape "[.[] | .security.tls] | .[0] == {mode: \"psk\", details: {identity: \"id-S-00000\", key: \"$(key S-00000 bootstrap)\"}}"
check "the bootstrap account itself is not given" shape 'all(.[].bootstrap.security[]; .bootstrapServer == false)'
check "identity and key as octets" shape 'all(.[].bootstrap.security[]; .securityMode == "PSK" and (.publicKeyOrId | implode | startswith("dm-S-")) and (.secretKey | length) == 16 and .serverId == 101)'
# shellcheck disable=SC2016
check "the key is the unit's" [ "$(jq -r '.bootstrap.security[].secretKey | map(. as $o | "0123456789abcdef" | .[$o/16|floor:][:1] + ("0123456789abcdef" | .[$o%16:][:1])) | join("")' f.jsonl | head -1)" = "$(key S-00000 server)" ]
check "what is deleted first, and that it asks" shape 'all(.[]; .bootstrap.toDelete == ["/0", "/1"] and .bootstrap.autoIdForSecurityObject)'
check "the server object" shape 'all(.[].bootstrap.servers[]; .shortId == 101 and .lifetime == 86400 and .binding == "U")'
schema=$root/../shared/vectors/peers/leshan_bootstrap_config.schema.json
if [ -f "$schema" ]; then
	check "members are those of the schema" shape "$(jq -c '.properties | {top: keys, security: (.security.additionalProperties.properties | keys), servers: (.servers.additionalProperties.properties | keys)}' "$schema") as \$s | all(.[].bootstrap; (keys - \$s.top) == [] and all(.security[]; (keys - \$s.security) == []) and all(.servers[]; (keys - \$s.servers) == []))"
else
	echo "skipped: $schema is not there"
fi
hand l.db --batch full --to leshan --out f.jsonl --reveal-secrets
check "a file that is there stays" [ $rc = 7 ]
says "--force"
hand l.db --batch full --to leshan --out g.jsonl --reveal-secrets --clear nothing --no-discover
check "nothing deleted, nothing asked" [ "$(jq -c '.bootstrap | [.toDelete, .autoIdForSecurityObject]' g.jsonl | sort -u)" = '[[],false]' ]
hand l.db --batch bare --to leshan --out b.jsonl --reveal-secrets
check "nothing to give" [ $rc = 7 ]
says "--write"
expect 0 "with accounts made for it" server export --ledger l.db --batch bare --to leshan --out b.jsonl --reveal-secrets --write air.yaml
expect 0 "the very same again" server export --ledger l.db --batch bare --to leshan --out b2.jsonl --reveal-secrets --write air.yaml
check "not a key more" cmp -s b.jsonl b2.jsonl
check "the replacement is marked" [ "$(jq -c '[.bootstrap.security["0"].bootstrapServer, .security.tls.details.identity[:3]]' b.jsonl | sort -u)" = '[true,"id-"]' ]
expect 0 "the ledger holds" ledger verify --ledger l.db

for to in json:jsonl csv:csv; do
	expect 0 "${to%:*}" server export --ledger l.db --batch full --to "${to%:*}" --out "list.${to#*:}"
	expect 0 "as batch export" batch export --ledger l.db --batch full --format "${to#*:}" --out "list2.${to#*:}"
	check "${to%:*} is the same" cmp -s "list.${to#*:}" "list2.${to#*:}"
done
expect 2 "another server" server export --ledger l.db --batch full --to nowhere --out x
expect 2 "json of what is not the unit's own" server export --ledger l.db --batch full --to json --out x --write air.yaml
expect 4 "no such batch" server export --ledger l.db --batch none --to leshan --out x --reveal-secrets
check "no file of these" [ ! -e x ]

# ---- taking over ---------------------------------------------------------------------------------

taken() { jq -c '[.recorded, .known, .unknown]' <<<"$out"; }
expect 0 "what it gives already" server import --json --ledger l.db b.jsonl
check "is known" [ "$(taken)" = "[0,2,0]" ]
expect 0 "seen without recording" server import --json --dry-run --ledger other.db b.jsonl
check "would be recorded" [ "$(taken)" = "[2,0,0]" ]
expect 0 "what another server gives" server import --json --ledger other.db b.jsonl
check "is recorded" [ "$(taken)" = "[2,0,0]" ]
expect 0 "twice" server import --json --ledger other.db b.jsonl
check "changes nothing" [ "$(taken)" = "[0,2,0]" ]
expect 0 "own accounts" server import --json --ledger other.db f.jsonl
check "are known" [ "$(taken)" = "[0,3,0]" ]
expect 0 "and out again" server export --ledger other.db --batch bare --to leshan --out b3.jsonl --reveal-secrets
check "nothing is lost on the way" cmp -s b.jsonl b3.jsonl
expect 0 "the ledger holds" ledger verify --ledger other.db
ep=urn:dev:ops:0001B2-E-00000
serve l.db --write air.yaml
bs --query "ep=$ep" --payloads
first=$(writes)
stop
serve other.db
bs --query "ep=$ep" --payloads
check "the device gets the same from both" [ "$(writes)" = "$first" ]
check "control: it gets something" [ "$(jq length <<<"$first")" = 3 ]
stop

# Leshan's own file: endpoints with their configurations, octets with a sign
cp l.db fresh.db
jq -s 'map({key: .endpoint, value: (.bootstrap | .security |= map_values(.secretKey |= map(if . > 127 then . - 256 else . end)))}) | from_entries' f.jsonl >leshan.json
expect 0 "Leshan's own file" server import --json --ledger fresh.db leshan.json
check "is read" [ "$(taken)" = "[0,3,0]" ]
jq '.[].security[].secretKey = "AAECAwQFBgcICQoLDA0ODw=="' leshan.json | jq 'with_entries(select(.key | endswith("S-00000")))' >new.json
expect 0 "a key in base64" server import --json --ledger fresh.db new.json
check "is another, and recorded" [ "$(taken)" = "[1,0,0]" ]

refuse() { # exit code, what, text, jq filter over leshan.json
	jq "$4" leshan.json >bad.json
	expect "$1" "$2" server import --ledger fresh.db bad.json
	says "$3"
}
refuse 3 "the same key in two devices" "its psk" '.[].security[].secretKey = [range(16)]'
refuse 3 "a member that is none" "securities" '.[].securities = {}'
refuse 3 "not a text" "uri" '.[].security[].uri = 7'
refuse 3 "octets that are none" "secretKey" '.[].security[].secretKey = [256]'
refuse 3 "a security account alone" "K" '.[].servers = {}'
refuse 3 "no such mode" "securityMode" '.[].security[].securityMode = "EST"'
refuse 4 "nobody's endpoint" "nobody" '.nobody = .["urn:dev:ops:0001B2-S-00001"] | with_entries(select(.key == "nobody"))'
refuse 7 "made otherwise before" "something else" 'with_entries(select(.key | endswith("S-00000"))) | .[].servers[].lifetime = 60'
jq '.nobody = .["urn:dev:ops:0001B2-S-00001"] | with_entries(select(.key | endswith("S-00000") | not))' leshan.json >some.json
expect 0 "nobody's endpoint is passed over" server import --json --skip-unknown --ledger fresh.db some.json
check "and counted" [ "$(taken)" = "[0,2,1]" ]
head -c 700 f.jsonl >cut.jsonl
expect 3 "cut short" server import --ledger fresh.db cut.jsonl
cat f.jsonl f.jsonl >double.jsonl
expect 3 "named twice" server import --ledger other.db double.jsonl
says "line 1 already"
expect 3 "not JSON" server import --ledger fresh.db psk.yaml
expect 4 "no file" server import --ledger fresh.db none.jsonl
expect 0 "the ledger holds" ledger verify --ledger fresh.db

# ---- a profile to write --------------------------------------------------------------------------

expect 3 "a profile for the air is for no batch" batch new --ledger l.db --profile air.yaml --devices d.csv --name air
says "server run --write"
expect 0 "it can be checked" profile check air.yaml
sed 's/bs2-/id-/' air.yaml >same.yaml
for command in "run --listen coaps://127.0.0.1:0" "push --endpoint $ep --to coap://127.0.0.1:9" "export --batch bare --to leshan --out x --reveal-secrets"; do
	# shellcheck disable=SC2086 # words
	expect 3 "the old identity for the new account: ${command%% *}" server $command --ledger l.db --write same.yaml
	says "same.yaml:5:"
	says "batch 'full'"
done
sed 's/id-{serial}/id-{lot}/; s/bs2-{serial}/id-{lot}/' same.yaml >other.yaml
expect 3 "an identity that could be the same" server run --listen coaps://127.0.0.1:0 --ledger l.db --write other.yaml
sed 's/0001B2-{serial}/0001B2-GW-{serial}/' same.yaml >elsewhere.yaml
"$IMPRINT" server run --listen coaps://127.0.0.1:0 --ledger l.db --write elsewhere.yaml >server.log 2>&1 &
pid=$!
sleep 0.5
check "a profile for other devices may use it" grep -q "listening at" server.log
stop
check "no file of these" [ ! -e x ]

# ---- certificates and raw public keys ------------------------------------------------------------

gateway="accounts:
  - role: bootstrap
    uri: coaps://bs.example.com:5684
    security: %s
    server-key: pki/%s
%s
  - role: server
    uri: coaps://dm.example.com:5684
    security: psk
    short-server-id: 101
    lifetime: 86400
    psk:
      identity: \"dm-{serial}\"
      length: 16"
profile_with() { # security, key of the server, further line
	sed '/^accounts:/,/^    certificate-usage/d' x509.yaml | if [ "$1" = rpk ]; then sed '/^x509:/,/^  subject/d; s/product: .*/product: lamp/; s/GW-/LAMP-/'; else cat; fi
	# shellcheck disable=SC2059 # a template of our own
	printf "$gateway\n" "$1" "$2" "$3"
}
profile_with x509 server-ca.pem '    certificate-usage: trust-anchor' >gw.yaml
profile_with rpk bs-rpk.pem '' >lamp.yaml
for kind in gw lamp; do
	devices $kind.csv "$kind-" 3
	expect 0 "plan" batch new --ledger k.db --profile $kind.yaml --devices $kind.csv --name $kind
	expect 0 "run" batch run --ledger k.db --batch $kind --out keys
done
own() { # serial: leaves SERIAL.id (certificate or public key) and SERIAL.key, in PEM
	(
		umask 077
		"$IMPRINT" inspect --json --reveal-secrets "keys/$1.bin" >"$1.json" 2>/dev/null
		resource() { jq -r --argjson r "$1" '[.. | objects | select(.id? == 0 and has("instances"))][0].instances[] | select(.id == 0).resources[] | select(.id == $r) | .hex // .value' "$2" | xxd -r -p; }
		resource 5 "$1.json" | openssl pkey -inform DER -out "$1.key"
		resource 3 "$1.json" >"$1.der"
		openssl x509 -inform DER -in "$1.der" -out "$1.id" 2>/dev/null || openssl pkey -pubin -inform DER -in "$1.der" -out "$1.id"
	)
}
request() { # endpoint: a Bootstrap-Request, RFC 7252
	python3 -c 'import sys
q = b"ep=" + sys.argv[1].encode()
head = bytes([len(q)]) if len(q) < 13 else bytes([13, len(q) - 13])
sys.stdout.buffer.write(bytes([0x40, 2, 0, 1, 0xB2]) + b"bs" + bytes([0x40 | head[0]]) + head[1:] + q)' "$1"
}
shake() { # identity, key, endpoint to ask for; true when the handshake succeeds
	{
		sleep 0.4
		request "${3:-none}" 2>/dev/null # nobody takes it when the handshake was refused
		sleep 0.6
	} | timeout 10 openssl s_client -dtls1_2 -connect "127.0.0.1:$dtls" -cert "$1" -key "$2" -CAfile pki/server-ca.pem >client.log 2>&1
	grep -q 'Verification: OK' client.log && grep -qE 'Cipher *(is|:) *[A-Z]+.*' client.log && ! grep -qE 'alert|handshake failure|Cipher is \(NONE\)' client.log
}
raw() { # key, public key; the same with raw public keys
	timeout 10 gnutls-cli --udp -p "$dtls" 127.0.0.1 --rawpkkeyfile "$1" --rawpkfile "$2" --insecure \
		--priority NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CTYPE-ALL:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK </dev/null >client.log 2>&1
	grep -q 'Handshake was completed' client.log
}
events() { # jq filter over the log, counted
	jq -c "select($1)" server.log | wc -l
}
for unit in gw-00000 gw-00001 gw-00002 lamp-00000 lamp-00001; do own $unit; done
check "control: a certificate and its key" [ "$(openssl x509 -in gw-00000.id -noout -pubkey)" = "$(openssl pkey -in gw-00000.key -pubout)" ]
gw=urn:dev:ops:0001B2-GW-gw

serve k.db --key-file pki/backend.key --cert pki/bs.pem --cert-key pki/bs.key
check "the unit's certificate" shake gw-00000.id gw-00000.key $gw-00000
check "is the unit's endpoint" [ "$(events ".event == \"requested\" and .endpoint == \"$gw-00000\" and (.who | startswith(\"certificate with key\"))")" = 1 ]
check "another endpoint" shake gw-00000.id gw-00000.key $gw-00001
for _ in 1 2 3; do shake gw-00000.id gw-00000.key $gw-00001; done
check "again and again" [ "$(events '.event == "refused"')" = 4 ]
check "is refused" [ "$(events ".event == \"refused\" and .code == \"4.00\" and .endpoint == \"$gw-00001\"")" = 4 ]
issue() { # name, key: a certificate of the same CA
	openssl req -new -key "$2" -subj "/CN=$gw-00000" -out "$1.csr" &&
		openssl x509 -req -in "$1.csr" -CA pki/ca.pem -CAkey pki/ca.key -CAcreateserial -days 30 -out "$1.id" 2>/dev/null
}
openssl ecparam -name prime256v1 -genkey -noout -out stranger.key
issue stranger stranger.key
issue twin gw-00000.key
check "a certificate of the same CA and name" eval '! shake stranger.id stranger.key'
check "another certificate of the same key" eval '! shake twin.id gw-00000.key'
openssl req -x509 -new -key stranger.key -subj "/CN=$gw-00000" -days 30 -out self.id
check "a certificate that signs itself" eval '! shake self.id stranger.key'
check "a raw public key at a server with a certificate" eval '! raw lamp-00000.key lamp-00000.id'
check "control: another unit" shake gw-00001.id gw-00001.key $gw-00001
expect 0 "scrapped while it runs" batch scrap --yes --ledger k.db --batch gw --serial gw-00001 --reason dropped
check "a scrapped unit's certificate" eval '! shake gw-00001.id gw-00001.key'
check "control: the others" shake gw-00002.id gw-00002.key $gw-00002
check "nobody's certificate began anything" [ "$(events '.event == "requested"')" = 3 ]
stop

serve k.db --key-file pki/backend.key --rpk-key pki/bs-rpk.key
check "the unit's raw public key" raw lamp-00000.key lamp-00000.id
openssl pkey -in stranger.key -pubout -out stranger.pub
check "a key that nobody has" eval '! raw stranger.key stranger.pub'
expect 0 "scrapped while it runs" batch scrap --yes --ledger k.db --batch lamp --serial lamp-00000 --reason dropped
check "a scrapped unit's key" eval '! raw lamp-00000.key lamp-00000.id'
check "control: the others" raw lamp-00001.key lamp-00001.id
check "a certificate at a server with a raw public key" eval '! shake gw-00000.id gw-00000.key'
stop
expect 0 "the ledger holds" ledger verify --ledger k.db
expect 0 "what became of a unit" ledger show --ledger k.db --endpoint $gw-00000
check "a refusal is an event of whoever asked, once a minute" [ "$(grep -o '"result":"refused"' <<<"$out" | wc -l)" = 1 ]
says "\"endpoint\":\"$gw-00001\""
serve k.db --key-file pki/station.key --cert pki/bs.pem --cert-key pki/bs.key --write air.yaml
check "a key that opens no batch: nobody is let in" eval '! shake gw-00000.id gw-00000.key'
check "and it is said once" [ "$(grep -c "batch 'gw'" server.err)" = 1 ]
stop

# ---- whole bootstraps, with the keys in the image ------------------------------------------------

port=$((20000 + RANDOM % 20000))
be() { # serial, endpoint, seconds: be the device, with what its image holds; $out has its words
	rm -f "$1.store"
	out=$(timeout 40 "$IMPRINT" device run --endpoint "$2" --flash "live/$1.bin" --store "$1.store" --until bootstrapped --lifetime-of-run "${3:-10}" 2>&1 </dev/null)
	rc=$?
}
for kind in gw lamp; do
	sed "s/bs.example.com:5684/127.0.0.1:$port/; s/product: .*/product: live-$kind/; s/0001B2-/0001B2-LIVE-/; s/^    server-key:.*/&\n    sni: bs.example.com/; /role: server/,/length: 16/d" $kind.yaml >live-$kind.yaml
	sed "s/0001B2-/0001B2-LIVE-$([ $kind = gw ] && echo GW || echo LAMP)-/; /role: bootstrap/,/length: 32/d; s/dm2-/live-dm2-/" air.yaml >live-air-$kind.yaml
	expect 0 "plan" batch new --ledger k.db --profile live-$kind.yaml --devices $kind.csv --name live-$kind
	expect 0 "run" batch run --ledger k.db --batch live-$kind --out live
done
live() { # own credentials of the server
	: >server.log
	"$IMPRINT" --json server run --ledger k.db --key-file pki/backend.key --listen coaps://127.0.0.1:$port "$@" >server.log 2>server.err </dev/null &
	pid=$!
	for _ in $(seq 600); do
		grep -q '"event":"listening"' server.log && break
		sleep 0.05
	done
}
live --cert pki/bs.pem --cert-key pki/bs.key --write live-air-gw.yaml
be gw-00000 urn:dev:ops:0001B2-LIVE-GW-gw-00000
check "a device with a certificate bootstraps" [ $rc = 0 ]
check "as itself" [ "$(events '.event == "finished" and (.who | startswith("certificate"))')" = 1 ]
be gw-00001 urn:dev:ops:0001B2-LIVE-GW-gw-00000 3
check "under another's name it does not" [ $rc != 0 ]
check "for that reason" [ "$(events '.event == "refused" and (.text | contains("belongs to"))')" -ge 1 ]
expect 0 "scrapped" batch scrap --yes --ledger k.db --batch live-gw --serial gw-00002 --reason dropped
be gw-00002 urn:dev:ops:0001B2-LIVE-GW-gw-00002 3
check "a scrapped one does not" [ $rc != 0 ]
check "one in all" [ "$(events '.event == "finished"')" = 1 ]
stop
live --rpk-key pki/bs-rpk.key --write live-air-lamp.yaml
be lamp-00000 urn:dev:ops:0001B2-LIVE-LAMP-lamp-00000
check "a device with a raw public key bootstraps" [ $rc = 0 ]
check "as itself" [ "$(events '.event == "finished" and (.who | startswith("raw public key"))')" = 1 ]
stop
expect 0 "the ledger holds" ledger verify --ledger k.db

finish
