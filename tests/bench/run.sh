#!/bin/bash
# Rates as ratios to what this machine can do in the same run.  O=build tests/bench/run.sh
#   UNITS=n units per batch (default 10000), ROUNDS=n (default 3), CHECK=0 to print without judging.
# Each round measures the machine and then the program on it; the median round is judged.
# Bars: X.509 end to end, a file each, 35 % of 1/(t_keygen + t_sign + t_verify) of one core;
# PSK, a file each, 8000 /s per core; two jobs at least 90 % of the gain of two `openssl speed`.
set -u
O=${O:-build}
UNITS=${UNITS:-10000}
ROUNDS=${ROUNDS:-3}
bin=$(realpath "$O/imprint")
dir=$(mktemp -d "$O/bench.XXXXXX")
# ext4 passes over inodes that were freed in the last minutes, and tests free many.  Folders below a
# folder with this attribute are spread over the disk by a hash of their name: `tag` makes it a new
# place in each run, where none were freed.
tag=${dir##*.}
chattr +T "$dir" 2>/dev/null || true
cp -r factory/profiles "$dir/profiles"
bash factory/profiles/make-pki.sh "$dir/profiles/pki" >/dev/null
bad=0

row() { printf '  %-44s %s\n' "$1" "$2"; }

judge() { # NAME VALUE BAR UNIT
	if awk -v v="$2" -v b="$3" 'BEGIN{exit !(v >= b)}'; then
		row "$1" "$2 $4 (bar $3): ok"
	else
		row "$1" "$2 $4 (bar $3): BELOW"
		bad=$((bad + 1))
	fi
}

speed() { # CPU: "sign verify" per second
	taskset -c "$1" openssl speed -mr -seconds 2 ecdsap256 2>/dev/null | awk -F: '/^\+F4/{print $4, $5}'
}

devices() { # PREFIX
	awk -v n="$UNITS" -v p="$1" 'BEGIN{print "serial"; for(i=1;i<=n;i++) printf "%s%08d\n",p,i}'
}

batch() { # NAME PROFILE CPUS JOBS: units per second of batch run
	local start end
	devices "$1" >"$dir/$1.csv"
	"$bin" --quiet batch new --ledger "$dir/$1.ledger" --profile "$2" --devices "$dir/$1.csv" --name "$1" >/dev/null || exit 1
	mkdir -p "$dir/$1-$tag/images"
	start=$(date +%s.%N)
	taskset -c "$3" "$bin" --quiet batch run --ledger "$dir/$1.ledger" --batch "$1" --out "$dir/$1-$tag/images" --jobs "$4" >/dev/null || exit 1
	end=$(date +%s.%N)
	awk -v n="$UNITS" -v a="$start" -v b="$end" 'BEGIN{printf "%.0f", n/(b-a)}'
}

# Two slots of one 2 KiB page each, which either set fits.
sed -e 's/^size:.*/size: 0x1000/' -e 's/^slot-size:.*/slot-size: 0x800/' -e 's/^slots:.*/slots: [0, 0x800]/' \
	flash-images/layouts/stm32-2k.yaml >"$dir/profiles/page.yaml"

# One credential a device: a bootstrap account and nothing else.
profile() { # SECURITY LINES...
	local name=$1
	shift
	{
		printf 'product: bench-%s\nendpoint: "urn:dev:ops:0001B2-BENCH-{serial}"\nkeys: persistent\nenabler: "1.1"\n' "$name"
		printf 'accounts:\n  - role: bootstrap\n    uri: coaps://bs.example.com:5684\n    security: %s\n' "$name"
		printf '%s\n' "$@"
		printf 'targets:\n  flash:\n    layout: ./page.yaml\n    encode: bin\nseal:\n  station-key: pki/station.key\n'
	} >"$dir/profiles/bench-$name.yaml"
	echo "$dir/profiles/bench-$name.yaml"
}
x509=$(profile x509 '    server-key: pki/bs.pem' 'x509:' '  ca: pki/ca.pem' '  ca-key: pki/ca.key' '  subject: "CN={endpoint}"' '  validity-days: 3650')
psk=$(profile psk 'psk:' '  identity: "{endpoint}"' '  length: 16')

median() { # COLUMN of $dir/rounds
	cut -d' ' -f"$1" "$dir/rounds" | sort -g | awk '{v[NR]=$1} END{print v[int((NR+1)/2)]}'
}

ratio() { awk -v a="$1" -v b="$2" -v k="${3:-1}" 'BEGIN{printf "%.3f", k*a/b}'; }

# Columns: X.509 in % of the limit, PSK /s, X.509 and PSK of two jobs in % of the gain, the gain.
round() { # NUMBER
	local sign verify keygen limit alone both gain x1 p1 x2 p2
	read -r sign verify <<<"$(speed 0)"
	keygen=$(taskset -c 0 "$O/tests/bench/bench_issuer" --keygen)
	limit=$(awk -v k="$keygen" -v s="$sign" -v v="$verify" 'BEGIN{printf "%.0f", 1/(1/k+1/s+1/v)}')
	x1=$(batch "x1-$1" "$x509" 0 1)
	p1=$(batch "p1-$1" "$psk" 0 1)
	# Each processor alone, then both at once: one may be faster than the other.
	alone=$(awk -v a="$sign" -v b="$(speed 1)" 'BEGIN{print (a+b)/2}')
	speed 0 >"$dir/s0" &
	speed 1 >"$dir/s1"
	wait $!
	both=$(cat "$dir/s0" "$dir/s1" | awk '{t+=$1} END{print t}')
	gain=$(ratio "$both" "$alone")
	x2=$(batch "x2-$1" "$x509" 0,1 2)
	p2=$(batch "p2-$1" "$psk" 0,1 2)
	row "$1: P-256 keygen, sign, verify; limit" "$keygen, ${sign%.*}, ${verify%.*}; $limit /s"
	row "   X.509, PSK, one core" "$x1, $p1 /s"
	row "   X.509, PSK, two cores; gain of openssl" "$x2, $p2 /s; $gain"
	echo "$(ratio "$x1" "$limit" 100) $p1 $(ratio "$x2" "$x1" "$(ratio 100 "$gain")") $(ratio "$p2" "$p1" "$(ratio 100 "$gain")")" >>"$dir/rounds"
}

echo "rounds, $UNITS units a batch, a file each:"
for number in $(seq "$ROUNDS"); do round "$number"; done
echo "the median round:"
judge "X.509 end to end, one core" "$(median 1)" 35 "% of the limit"
judge "PSK end to end, one core" "$(median 2)" 8000 /s
judge "X.509, two jobs over one" "$(median 3)" 90 "% of the gain of two openssl speed"
row "PSK, two jobs over one" "$(median 4) % of that gain"
rm -rf "$dir"
if [ $bad = 0 ]; then
	echo "bench: every bar met"
else
	echo "bench: $bad below the bar"
	[ "${CHECK:-1}" = 0 ]
fi
