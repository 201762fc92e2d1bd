# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the batch tests share: the program, a folder of their own, profiles, device lists, counting.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
IMPRINT=${IMPRINT:-${O:-build}/imprint}
case $IMPRINT in /*) ;; *) IMPRINT=$PWD/$IMPRINT ;; esac
[ -x "$IMPRINT" ] || { echo "$IMPRINT: not built" >&2; exit 1; }
passed=0 failed=0 out='' rc=0
work=$(mktemp -d)
cd "$work" || exit 1

ok() { passed=$((passed + 1)); }
bad() { # what
	failed=$((failed + 1))
	echo "FAILED: $*"
	[ -z "${out:-}" ] || printf '%s\n' "$out" | tail -5 | sed 's/^/    /'
}
check() { # what, command...
	local what=$1
	shift
	if "$@"; then ok; else bad "$what"; fi
}

# Run imprint; $out has all it said, $rc its exit code.
run() {
	out=$("$IMPRINT" "$@" 2>&1 </dev/null)
	rc=$?
}
expect() { # exit code, what, arguments
	local want=$1 what=$2
	shift 2
	run "$@"
	if [ "$rc" = "$want" ]; then ok; else bad "$what: exit $rc instead of $want"; fi
}
says() { # text
	case $out in *"$1"*) ok ;; *) bad "not said: $1" ;; esac
}

# A number out of the status line of a batch.
status() { # ledger, batch, member
	"$IMPRINT" batch status --ledger "$1" --batch "$2" --json | sed -E "s/.*\"$3\":([0-9]+).*/\1/"
}

profiles() { # psk.yaml (station key), x509.yaml (CMS), card.yaml, both.yaml in the work folder
	bash "$root/factory/profiles/make-pki.sh" pki >/dev/null 2>&1 || exit 1
	local layout=$root/flash-images/layouts/nor-4k.yaml
	psk_account='accounts:
  - role: bootstrap
    uri: coaps://bs.example.com:5684
    security: psk
    psk:
      identity: "id-{serial}"
      length: 16'
	cat >psk.yaml <<-END
		product: meter
		endpoint: "urn:dev:ops:0001B2-{serial}"
		keys: persistent
		$psk_account
		targets:
		  flash:
		    layout: $layout
		seal:
		  station-key: pki/station.key
	END
	sed "s|  flash:|  card:|; s|    layout: .*|    read-rule: always|; s/product: meter/product: card/" psk.yaml >card.yaml
	sed 's|^  flash:|  card:\n    read-rule: always\n  flash:|; s/product: meter/product: both/' psk.yaml >both.yaml
	cat >x509.yaml <<-END
		product: gateway
		endpoint: "urn:dev:ops:0001B2-GW-{serial}"
		keys: persistent
		accounts:
		  - role: bootstrap
		    uri: coaps://bs.example.com:5684
		    security: x509
		    server-key: pki/server-ca.pem
		    certificate-usage: trust-anchor
		x509:
		  ca: pki/ca.pem
		  ca-key: pki/ca.key
		  subject: "CN={endpoint}"
		targets:
		  flash:
		    layout: $layout
		seal:
		  certificate: pki/backend.pem
	END
	chmod 600 pki/station.key
}

devices() { # file, prefix, number
	awk -v p="$2" -v n="$3" 'BEGIN{print "serial"; for(i=0;i<n;i++) printf "%s%05d\n", p, i}' >"$1"
}

finish() {
	cd / && rm -rf "$work"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
