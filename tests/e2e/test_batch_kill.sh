#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 over and over while `batch run` works.  After each kill the ledger verifies, and whatever
# file a device could have been given by then stays true to the end: no key is lost, none is made
# twice for one unit, the rerun completes.
#   KILLS=200 tests/e2e/test_batch_kill.sh
# shellcheck disable=SC2154 # root, out and rc come from batch_lib.sh
set -u
# shellcheck source=tests/e2e/batch_lib.sh
. "$(dirname "$0")/batch_lib.sh"
KILLS=${KILLS:-200}
profiles

# Note every finished file of a folder with its SHA-256, as of now.
note_files() { # folder, notes
	find "$1" -maxdepth 1 -name '*.bin' -printf '%f\0' 2>/dev/null |
		(cd "$1" 2>/dev/null && xargs -0 -r sha256sum) >>"$2"
}

# What the manifest says of each file, as sha256sum writes it.
manifest_sums() { # folder
	sed -E 's/.*"file":"([^"]+)".*"sha256":"([0-9a-f]+)".*/\2  \1/' "$1/manifest.jsonl" | sort
}

# Files noted at some moment that are not what the ledger says at the end.
lost_keys() { # folder, notes
	manifest_sums "$1" >"$2.manifest"
	sort -u "$2" | comm -23 - "$2.manifest" | wc -l
}

judge_batch() { # ledger, batch, folder, notes, units
	note_files "$3" "$4"
	local lost unique
	lost=$(lost_keys "$3" "$4")
	[ "$lost" = 0 ] || bad "batch $2: $lost files hold keys that the ledger does not know"
	[ "$lost" = 0 ] && ok
	unique=$(grep -oE '"kind":"(psk|public-key)","accounts":\[0\],"hex":"[0-9a-f]+"' "$3/manifest.jsonl" | sort -u | wc -l)
	check "batch $2: $unique different keys for $5 units" [ "$unique" = "$5" ]
	check "batch $2: all released" [ "$(status "$1" "$2" released)" = "$5" ]
	check "batch $2: a file for each unit" [ "$(find "$3" -name '*.bin' | wc -l)" = "$5" ]
	check "batch $2: no temporary file left" [ -z "$(find "$3" -name '.*.tmp')" ]
}

# ---- the sweep ----------------------------------------------------------------------------------

kills=0 batch=0 verified=0
while [ "$kills" -lt "$KILLS" ]; do
	batch=$((batch + 1))
	profile=psk units=2500
	[ $((batch % 2)) = 0 ] && profile=x509 units=800
	devices "d$batch.csv" "B$batch-" $units
	expect 0 "plan batch $batch" batch new --ledger l.db --profile $profile.yaml --devices "d$batch.csv" --name "b$batch"
	: >"notes$batch"
	for ((turn = 0; ; turn++)); do
		"$IMPRINT" batch run --ledger l.db --batch "b$batch" --out "out$batch" --jobs $((1 + turn % 2)) \
			--no-progress >log 2>&1 </dev/null &
		pid=$!
		# The spread covers start, keys, first commit, files, sync, second commit, manifest.
		sleep "0.$(printf %03d $((3 + (kills * 13 + turn * 7) % 83)))"
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		rc=$?
		[ $rc = 137 ] || break
		kills=$((kills + 1))
		note_files "out$batch" "notes$batch"
		run ledger verify --ledger l.db
		if [ "$rc" = 0 ]; then
			verified=$((verified + 1))
		else
			bad "ledger after kill $kills"
		fi
		rc=137
		[ $kills -lt "$KILLS" ] || break
	done
	if [ $rc != 0 ] && [ $rc != 137 ]; then
		out=$(cat log) bad "run of batch $batch ended with $rc"
	fi
	expect 0 "batch $batch completes" batch run --ledger l.db --batch "b$batch" --out "out$batch"
	judge_batch l.db "b$batch" "out$batch" "notes$batch" $units
done
check "$verified of $kills kills left a ledger that verifies" [ "$verified" = "$kills" ]
expect 0 "the ledger after all" ledger verify --ledger l.db
check "no resume key is left" [ ! -e l.db.resume ]
echo "$kills kills in $batch batches"

# ---- planning is all or nothing -----------------------------------------------------------------

devices dn.csv N- 4000
for ((turn = 0; turn < 20; turn++)); do
	"$IMPRINT" batch new --ledger n.db --profile x509.yaml --devices dn.csv --name n >log 2>&1 </dev/null &
	pid=$!
	sleep "0.$(printf %03d $((20 + turn * 7)))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ -s n.db ] || continue
	run batch status --ledger n.db --batch n --json
	case $rc in
	0) check "a batch that is there is whole" [ "$(status n.db n total)" = 4000 ] && break ;;
	3 | 4) ok ;; # not even a ledger yet
	*) bad "status after a killed plan: $rc" ;;
	esac
done
expect 0 "the ledger of killed plans" ledger verify --ledger n.db

# ---- the control --------------------------------------------------------------------------------
# A station that forgets keys which it has given out (its ledger goes back to before the run) must be
# noticed by the same judgement.

devices dc.csv C- 200
expect 0 "plan the control" batch new --ledger c.db --profile psk.yaml --devices dc.csv --name c
cp c.db forgetful.db
expect 0 "run the control" batch run --ledger c.db --batch c --out outc
: >notesc
note_files outc notesc
mkdir elsewhere
expect 0 "the forgetful station" batch run --ledger forgetful.db --batch c --out elsewhere
check "control: forgotten keys are noticed" [ "$(lost_keys elsewhere notesc)" = 200 ]
check "control: the honest station is not accused" [ "$(lost_keys outc notesc)" = 0 ]
# Nor does a forgetful station overwrite what it finds.
cp c.db other.db
devices dd.csv C- 200
rm -f other.db*
expect 0 "plan anew" batch new --ledger other.db --profile psk.yaml --devices dd.csv --name c
expect 8 "files with other keys stay" batch run --ledger other.db --batch c --out outc
check "the files are untouched" [ "$(cd outc && sha256sum -- *.bin | sort | comm -23 - <(sort -u ../notesc) | wc -l)" = 0 ]
finish
