#!/bin/bash
# Replay each corpus; with FUZZ_SECONDS search as well (new inputs stay in $O, not in the tree).
#   O=build/fuzz tests/fuzz/run.sh fuzz_ef ...
set -u
here=$(dirname "$0")
passed=0 failed=0
for f in "$@"; do
	name=${f#fuzz_} log=$O/$f.log bin=$O/tests/fuzz/$f
	if [ "${FUZZ_SECONDS:-0}" -gt 0 ]; then
		mkdir -p "$O/found/$name"
		"$bin" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$O/" \
			"$O/found/$name" "$here/corpus/$name" >"$log" 2>&1 </dev/null
	else
		"$bin" -runs=0 -timeout=10 -artifact_prefix="$O/" "$here/corpus/$name" >"$log" 2>&1 </dev/null
	fi
	rc=$?
	n=$(find "$here/corpus/$name" -type f 2>/dev/null | wc -l)
	if [ $rc = 0 ] && [ "$n" -gt 0 ]; then
		passed=$((passed + 1))
		echo "  ok     $f ($n inputs)"
	else
		failed=$((failed + 1))
		echo "  FAILED $f (exit $rc, $n inputs)"
		tail -25 "$log" | sed 's/^/    | /'
	fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
