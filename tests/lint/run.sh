#!/bin/bash
# Everything that reads the source without running it.  O=build tests/lint/run.sh [CHECK...]
set -u
O=${O:-build}
passed=0 failed=0
mapfile -t headers < <(git ls-files '*.h')
mapfile -t product < <(git ls-files 'src/*.c' 'applet-tools/*.c' 'factory/*.c' 'flash-images/*.c')
mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files '*.sh' '.ci/install' '.ci/run')
[ "${#product[@]}" -gt 50 ] || {
	echo "lint: nothing to read: not a git work tree" >&2
	exit 1
}
FLAGS=(-std=c11 -D_GNU_SOURCE '-DIMP_VERSION="0"' '-DIMP_DATADIR="/usr/local/share/imprint"' -Isrc -I. -Itests/fake -isystem /usr/include/PCSC)

layers() { python3 tests/lint/layers.py; }

headers() { # each stands on its own
	local h bad=0
	for h in "${headers[@]}"; do
		gcc "${FLAGS[@]}" -Wall -Wextra -Werror -fsyntax-only -x c "$h" -Wno-pragma-once-outside-header || bad=1
	done
	return $bad
}

pages() { # man pages are well-formed and say what the table says
	local out
	out=$(mandoc -T lint -W warning src/man/*.[15] 2>&1 | grep -vE 'referenced manual not found|unknown library')
	[ -z "$out" ] || {
		echo "$out"
		return 1
	}
	python3 tests/lint/man.py "$O/imprint"
}

format() { clang-format --dry-run -Werror "${sources[@]}"; }

shell() { shellcheck -S warning "${scripts[@]}"; }

cppcheck_() {
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=checkersReport -D_GNU_SOURCE -D__GNUC__ -DIMP_VERSION='"0"' \
		-DIMP_DATADIR='"/"' -Isrc -I. -j2 "${product[@]}"
}

tidy() { clang-tidy --quiet -p /dev/null "${product[@]}" -- "${FLAGS[@]}" 2>/dev/null; }

analyzer() { # gcc's path-sensitive analysis
	printf '%s\n' "${product[@]}" | xargs -P2 -I{} gcc "${FLAGS[@]}" -O1 -fanalyzer -Werror -c {} -o /dev/null
}

words() { # secrets never come from argv or the environment
	! git grep -nE '\bgetenv\(' -- 'src/*.c' 'applet-tools/*.c' 'factory/*.c' 'flash-images/*.c'
}

for check in "${@:-layers headers pages format shell words cppcheck_ tidy analyzer}"; do
	for c in $check; do
		if out=$($c 2>&1); then
			passed=$((passed + 1))
			echo "  ok     ${c%_}"
		else
			failed=$((failed + 1))
			echo "  FAILED ${c%_}"
			head -60 <<<"$out" | sed 's/^/    | /'
		fi
	done
done
echo "lint: $passed passed, $failed failed"
[ $failed = 0 ]
