#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line as people and programs meet it: cli.py, behind a private pcscd with two cards.
set -u
here=$(cd "$(dirname "$0")" && pwd)
IMPRINT=$(realpath "${IMPRINT:-${O:-build}/imprint}")
export IMPRINT
PATH=$PATH:/usr/sbin:/sbin
for tool in python3 pcscd unshare ip openssl mandoc; do
	command -v $tool >/dev/null || {
		echo "test_cli: $tool is missing; .ci/install installs it" >&2
		exit 1
	}
done
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 12345678 >"$work/adm.txt"
for n in 0 1; do
	"$IMPRINT" --quiet card emulate --create-only --state "$work/card$n.json" --adm-file "$work/adm.txt" >/dev/null || exit 1
done
bash "$here/pcsc_bench.sh" --card "$work/card0.json" --card "$work/card1.json" -- \
	python3 "$here/cli.py" "$IMPRINT" "$work"
