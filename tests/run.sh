#!/bin/bash
# Run test programs and test scripts; count what they counted.
#   O=build tests/run.sh PROGRAM... [-- SCRIPT...]
# cmocka programs close with "[  PASSED  ] N test(s)." and "[  FAILED  ] N test(s)..."; scripts with
# "N passed, N failed".  WRAP= is put before each program.  Logs stay in $O/log.
set -u
O=${O:-build}
export O
mkdir -p "$O/log"
passed=0 failed=0 skipped=0 scripts=
sum() { # numbers on standard input
	awk '{s+=$1} END{print s+0}'
}
for t in "$@"; do
	if [ "$t" = -- ]; then
		scripts=1
		continue
	fi
	log=$O/log/$(basename "$t").log
	start=$(date +%s)
	if [ -n "$scripts" ]; then
		timeout 900 bash "$t" >"$log" 2>&1 </dev/null
		rc=$?
		p=$(grep -aoE '^([a-z]+: )?[0-9]+ passed, [0-9]+ failed' "$log" | tail -1 | grep -oE '[0-9]+ passed' | sum)
		f=$(grep -aoE '^([a-z]+: )?[0-9]+ passed, [0-9]+ failed' "$log" | tail -1 | grep -oE '[0-9]+ failed' | sum)
	else
		# shellcheck disable=SC2086 # WRAP is a command line
		timeout 900 ${WRAP:-} "$t" >"$log" 2>&1 </dev/null
		rc=$?
		p=$(grep -aoE '^\[  PASSED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | sum)
		f=$(grep -aoE '^\[  FAILED  \] [0-9]+ test' "$log" | grep -oE '[0-9]+' | sum)
	fi
	s=$(grep -ac '^skipped: ' "$log")
	if [ "$rc" != 0 ] || [ "$p" = 0 ]; then
		[ "$f" = 0 ] && f=1
		verdict=FAILED
	else
		verdict=ok
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '  %-6s %-34s %4d passed  %ds\n' "$verdict" "$(basename "$t")" "$p" $(($(date +%s) - start))
	[ "$s" = 0 ] || grep -a '^skipped: ' "$log" | sed 's/^/         /'
	[ "$verdict" = ok ] || tail -40 "$log" | sed 's/^/    | /'
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
