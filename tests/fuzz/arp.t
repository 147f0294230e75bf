#!/bin/sh
# SPDX-License-Identifier: ISC
#
# arpd, what anybody may send it, and what happens to it: the corpus, then a
# short run from there.  "make fuzz" runs longer.

top=$(cd "$(dirname "$0")/../.." && pwd)

fuzz()			# NUMBER NAME RUNS
{
	if said=$(sh "$top/tests/fuzz/run.sh" arp "$3" 2>&1) &&
	    [ "$said" -ge "$4" ]; then
		echo "ok $1 - $2: $said inputs"
	else
		echo "not ok $1 - $2"
		echo "$said" | sed 's/^/# /'
		failed=1
	fi
}

failed=0
echo 1..2
fuzz 1 "the corpus" 0 40
fuzz 2 "a short run" "${FUZZ_RUNS:-10000}" 1000
exit "$failed"
