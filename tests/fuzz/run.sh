#!/bin/sh
# SPDX-License-Identifier: ISC
#
# run.sh NAME RUNS: NAME_fuzz on its corpus, then on so many inputs that it
# makes of it (0: the corpus alone); as nobody, in a directory of its own.
# What makes it fail is left in $BW_OBJ/fuzz, and its name is said.

set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
obj=${BW_OBJ:-$top/obj}
name=$1
runs=$2

dir=$(mktemp -d /tmp/bwfuzz.XXXXXX)
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' HUP INT TERM
mkdir "$dir/corpus" "$dir/new" "$dir/found"
cp "$top/tests/fuzz/corpus/$name/"* "$dir/corpus"
cp "$top/tests/fuzz/$name.dict" "$dir/dict"
cp "$obj/fuzz/tests/${name}_fuzz" "$dir/fuzzer"
# It must be able to write what it finds, and nothing else.
chown nobody "$dir/new" "$dir/found"
chmod 755 "$dir" "$dir/fuzzer"
chmod -R a+rX "$dir/corpus" "$dir/dict"

status=0
ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1 \
    setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs \
    "$dir/fuzzer" -runs="$runs" -max_len=2048 -timeout=20 -entropic=0 \
    -dict="$dir/dict" -artifact_prefix="$dir/found/" -verbosity=0 \
    -print_final_stats=1 "$dir/new" "$dir/corpus" >"$dir/log" 2>&1 ||
    status=$?
if [ "$status" -ne 0 ]; then
	cat "$dir/log"
	for file in "$dir/found/"*; do
		[ -e "$file" ] || continue
		cp "$file" "$obj/fuzz/"
		echo "what it failed on: $obj/fuzz/${file##*/}"
	done
	exit 1
fi
sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log"
