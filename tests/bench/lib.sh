# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# lib.sh: the ground that measurements stand on: a world with a real disk, two
# namespaces and a wire, processors, memory and results.
# shellcheck disable=SC2034 # what the parts of a benchmark use

: "${top:?}" "${tmp:?is of tests/lib.sh}"
reps=${BENCH_REPS:-3}
run_ms=${BENCH_MS:-1500}
slow=${BENCH_SLOW:-0}
disk=/run/disk			# a directory of the real disk
results=$tmp/results
wire_server=02:00:00:00:0b:01

# Like world_enter; the real disk stays within reach, and is left clean.
bench_enter()		# SCRIPT ARGUMENTS...
{
	if [ "${BW_WORLD-}" = 1 ] && [ $$ -eq 1 ]; then
		world_enter "$@"
		return
	fi
	BENCH_DIR=$(mktemp -d "${BENCH_DIR:-/var/tmp}/bwbench.XXXXXX") ||
	    exit 1
	neigh=/proc/sys/net/ipv4/neigh/default/gc_thresh3
	BENCH_NEIGH=$(cat $neigh)
	export BENCH_DIR BENCH_NEIGH
	trap bench_leave EXIT
	bench_nice -15
	cd "$BENCH_DIR" || exit 1
	exec 9<>"$neigh"
	world_enter "$@"
}

# What else the machine does is to disturb neither server nor load.  Where
# sessions share the processors, nice(1) counts only within one.
bench_nice()		# LEVEL [PID]
{
	if [ -w "/proc/${2:-$$}/autogroup" ]; then
		echo "$1" 2>/dev/null >"/proc/${2:-$$}/autogroup"
	fi
}

bench_leave()
{
	bench_nice 0
	rm -rf "$BENCH_DIR"
	[ "$(cat "$neigh")" = "$BENCH_NEIGH" ] || echo "$BENCH_NEIGH" >"$neigh"
}

# How many neighbours the kernel may know; servers that answer by UDP only
# cannot serve more clients.  The file was opened outside of the world.
neighbours()		# NUMBER
{
	echo "$1" 2>/dev/null >/proc/self/fd/9
}

bench_begin()
{
	set -e
	mkdir -p "$disk"
	# The working directory is below what now hides it.
	mount --no-canonicalize --bind . "$disk"
	chmod 755 "$disk"
	mount -t tracefs bwtrace /sys/kernel/tracing 2>/dev/null || :
	set +e
	: >"$results"
	cpu_server=0
	cpu_load=$(($(nproc) - 1))
	[ "$cpu_load" -gt 0 ] ||
	    echo "Only one processor: server and load share it."
	echo "$(uname -sr), $(nproc) processors, state on" \
	    "$(stat -f -c %T "$disk"); $reps repetitions; medians."
	echo "Now: load average $(cut -d ' ' -f 1 /proc/loadavg), $(sync_us)" \
	    "us to write 4 KiB through to the disk."
}

# What all else on the machine leaves of the disk.
sync_us()
{
	sync_since=$(date +%s%6N)
	dd if=/dev/zero of="$disk/sync" bs=4k count=100 oflag=dsync \
	    conv=notrunc 2>/dev/null
	echo $((($(date +%s%6N) - sync_since) / 100))
	rm -f "$disk/sync"
}

# A server's namespace and the load's, with a wire between them.
wire_up()
{
	set -e
	ip netns add bws
	ip netns add bwl
	ip link add lan netns bws address "$wire_server" type veth \
	    peer name load netns bwl
	in_ns bws sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	in_ns bwl sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	ip -n bws link set lo up
	ip -n bwl link set lo up
	ip -n bws link set lan up
	ip -n bwl link set load up
	set +e
}

wire_down()
{
	ip netns del bws
	ip netns del bwl
}

in_ns()			# NAMESPACE COMMAND...
{
	in_ns_name=$1
	shift
	nsenter --net="/run/netns/$in_ns_name" "$@"
}

# For the background: $! is then the server itself, and no shell before it.
become_server()		# COMMAND...
{
	exec nsenter --net=/run/netns/bws nice -n -15 taskset -c "$cpu_server" "$@"
}

become_load()		# COMMAND...
{
	exec nsenter --net=/run/netns/bwl nice -n -15 taskset -c "$cpu_load" "$@"
}

as_load()		# COMMAND...
{
	in_ns bwl nice -n -15 taskset -c "$cpu_load" "$@"
}

# The process and all that come from it, separated by commas.
family()		# PID
{
	family=$1
	family_new=$1
	while [ -n "$family_new" ]; do
		family_new=$(ps --no-headers -o pid= --ppid "$family_new" |
		    tr -d ' ' | paste -s -d, -)
		family=$family${family_new:+,$family_new}
	done
	echo "$family"
}

# Memory of processes, in KiB.
memory_of()		# PIDS
{
	echo "$1" | tr , '\n' | while read -r mem_pid; do
		cat "/proc/$mem_pid/smaps_rollup" 2>/dev/null
	done | awk '$1 == "Rss:" { rss += $2 } $1 == "Pss:" { pss += $2 }
	    END { printf "rss=%d pss=%d\n", rss, pss }'
}

now_ms()
{
	date +%s%3N
}

pid_gone()		# PID
{
	! runs "$1"
}

end_process()		# SIGNAL PID
{
	kill "-$1" "$2" 2>/dev/null
	wait_until 20 pid_gone "$2" || kill -KILL "$2"
	wait "$2" 2>/dev/null
}

# One line of results: TABLE SERVER CASE KEY=VALUE...
result()		# TABLE SERVER CASE WORDS...
{
	echo "$*" >>"$results"
}

# A table, or the goals, of what there is so far.
print_table()		# PART TABLE
{
	awk -v table="$2" -f "$top/tests/bench/table.awk" \
	    -f "$top/tests/bench/$1.awk" "$results"
}

# System calls of a server while a command runs.  Tracepoints count without
# slowing anything down; where there are none, strace does.  The counts go to
# the last line of the command's output.
count_calls()		# PIDS COMMAND...
{
	calls_pids=$1
	shift
	if perf stat -e syscalls:sys_enter_fsync true >/dev/null 2>&1; then
		perf stat -x ' ' -o "$tmp/calls" -p "$calls_pids" \
		    -e syscalls:sys_enter_fsync \
		    -e syscalls:sys_enter_fdatasync \
		    -e raw_syscalls:sys_enter "$@"
		awk '/sync/ { sync += $1 } /raw_/ { all += $1 }
		    END { printf "syncs=%d calls=%d\n", sync, all }' \
		    "$tmp/calls"
		return
	fi
	# shellcheck disable=SC2046 # one -p a process
	strace -f -qq -c -U name,calls -o "$tmp/calls" \
	    $(echo ",$calls_pids" | sed 's/,/ -p /g') &
	calls_tracer=$!
	sleep 1
	"$@"
	kill -INT "$calls_tracer"
	wait "$calls_tracer"
	awk '$1 ~ /^f(data)?sync$/ { sync += $2 } $1 == "total" { all = $2 }
	    END { printf "syncs=%d calls=%d\n", sync, all }' "$tmp/calls"
}

# The value of KEY in words on standard input.
word()			# KEY
{
	tr ' ' '\n' | sed -n "s/^$1=//p"
}
