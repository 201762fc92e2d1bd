#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Make the throw-away keys and certificates that the example profiles name:
#   make-pki.sh [FOLDER]        default: pki next to this script
# Needs openssl.  Nothing in it is a secret worth keeping; never use it for a product.  What is there
# already stays, so that a second run changes nothing.
set -eu
umask 077
dir=${1:-$(dirname "$0")/pki}
mkdir -p "$dir"
cd "$dir"

key() { # NAME
	openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null ||
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
}

# The CA that signs the device certificates.
if [ ! -e ca.pem ]; then
	key ca
	openssl req -x509 -new -key ca.key -sha256 -days 9125 -subj "/O=Example Metering/CN=Example Device CA" \
		-addext basicConstraints=critical,CA:TRUE,pathlen:0 \
		-addext keyUsage=critical,keyCertSign,cRLSign -out ca.pem
fi

# The servers' CA and one certificate for each server.
if [ ! -e server-ca.pem ]; then
	key server-ca
	openssl req -x509 -new -key server-ca.key -sha256 -days 9125 \
		-subj "/O=Example Metering/CN=Example Server CA" \
		-addext basicConstraints=critical,CA:TRUE,pathlen:0 \
		-addext keyUsage=critical,keyCertSign,cRLSign -out server-ca.pem
fi
for name in bs dm; do
	[ ! -e "$name.pem" ] || continue
	key "$name"
	openssl req -new -key "$name.key" -subj "/O=Example Metering/CN=$name.example.com" -out "$name.csr"
	printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
		extendedKeyUsage=serverAuth "subjectAltName=DNS:$name.example.com" > "$name.ext"
	openssl x509 -req -in "$name.csr" -CA server-ca.pem -CAkey server-ca.key -CAcreateserial \
		-sha256 -days 3650 -extfile "$name.ext" -out "$name.pem" 2>/dev/null
	rm -f "$name.csr" "$name.ext" server-ca.srl
done

# A bootstrap server that is known by its bare public key (rpk).
if [ ! -e bs-rpk.pem ]; then
	key bs-rpk
	openssl pkey -in bs-rpk.key -pubout -out bs-rpk.pem
fi

# The backend that opens what batches seal: RSA, so that any CMS tool can.
if [ ! -e backend.pem ]; then
	openssl req -x509 -newkey rsa:3072 -nodes -keyout backend.key -sha256 -days 3650 \
		-subj "/O=Example Metering/CN=Example Backend" \
		-addext keyUsage=critical,keyEncipherment -out backend.pem 2>/dev/null
fi

# The station's own key: 32 octets, in hex.
[ -e station.key ] || printf 'hex:%s\n' "$(openssl rand -hex 32)" > station.key
