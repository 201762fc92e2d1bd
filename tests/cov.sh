#!/bin/bash
# Line coverage by source file of the product, from gcov's own summary.  tests/cov.sh build/cov
set -eu
O=$1
root=$PWD
out=$O/summary
mkdir -p "$out"
find "$O/src" "$O/applet-tools" "$O/factory" "$O/flash-images" -name '*.gcno' | sort | while read -r n; do
	gcov -n -o "$(dirname "$n")" "$n" 2>/dev/null
done | awk -v root="$root/" '
	/^File /{f=$2; gsub(/\x27/,"",f); sub(root,"",f)}
	/^Lines executed:/{split($0,a,/[:% ]+/); if (f ~ /\.c$/ && f !~ /^\//) print f, a[3], a[5]}' |
	sort -u >"$out/lines"
awk '{c+=$2*$3/100; t+=$3; printf "  %6.1f%%  %5d lines  %s\n",$2,$3,$1} END{printf "  %6.1f%%  %5d lines  all\n",100*c/t,t}' "$out/lines"
