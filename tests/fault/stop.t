#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Processes that stand still, and a system that has nothing to give: SIGSTOP
# of each daemon and of the parent under load, no descriptors, no memory, a
# reader of the log who does not read.  Nothing is lost, and service is back
# by itself as soon as the trouble is over.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/fault/fault.sh
. "$top/tests/fault/fault.sh"

world_enter "$0" "$@"
fault_up
client_new c1 02:00:00:00:00:01
# How long; 30 is what an administrator with a debugger takes.
seconds=${STOP_SECONDS:-2}

start_bootward <"$tmp/conf"
storm_begin 200 -w 32
ok "clients get leases" storm_end

# 1. SIGSTOP.
for daemon in store dhcpd arpd tftpd ksd bootward; do
	pid=$bootward_pid
	[ "$daemon" = bootward ] || pid=$(bootward_pid_of "$daemon")
	storm_begin 500 -w 32 -r 500
	sleep 0.1
	kill -STOP "$pid"
	sleep "$seconds"
	kill -CONT "$pid"
	ok "$daemon stood still: all get leases" storm_end
	ok "$daemon: no lease lost, no address given twice" promises
done
ok "all is well" wait_until 10 bootward_ready
check_alive 'does not read'

# 2. What a system call is refused.  The process may call nothing that its
# sandbox does not know, so another harmless call takes the place.
inject()		# PID CALLS INJECTION ARGUMENTS...
{
	injected=$1
	inject_calls=$2
	inject_what=$3
	shift 3
	strace -qq -f -o "$tmp/strace" -p "$injected" \
	    -e "trace=$inject_calls" -e "inject=$inject_calls:$inject_what" \
	    "$@" 2>"$tmp/strace.err" &
	injector=$!
	wait_until 10 injecting || bail "strace does not work"
}

injecting()
{
	grep -q '^TracerPid:.*[1-9]' "/proc/$injected/status"
}

heal()
{
	kill -INT "$injector" 2>/dev/null
	wait "$injector" 2>/dev/null
}

inject "$(bootward_pid_of dhcpd)" mmap,mremap error=ENOMEM:syscall=getpid \
    -e trace=mmap,mremap,brk -e inject=brk:retval=0:syscall=getpid
storm_begin 3000 -w 128 -r 5000
sleep 2
ok "there was no memory for dhcpd" grep -q INJECTED "$tmp/strace"
heal
ok "all get leases by then" storm_end
ok "no lease lost, no address given twice" promises

inject "$(bootward_pid_of dhcpd)" sendmmsg,sendmsg \
    error=ENOBUFS:syscall=getpid:when=1+3
storm_begin 300 -w 32
ok "dhcpd cannot send, now and then: all get leases" storm_end
heal
ok "no lease lost, no address given twice" promises
ok "all is well again" wait_until 30 bootward_ready

inject "$bootward_pid" socketpair error=EMFILE
pid=$(bootward_pid_of dhcpd)
kill -KILL "$pid"
sleep 2
is "no descriptors: dhcpd cannot be started" "$(bootward_pid_of dhcpd)" ""
heal
ok "there are some again: it is" wait_until 20 bootward_ready
storm_begin 100 -w 32
ok "and serves" storm_end
ok "no lease lost, no address given twice" promises

inject "$bootward_pid" clone,fork,vfork,clone3 error=EAGAIN
pid=$(bootward_pid_of store)
kill -KILL "$pid"
sleep 2
is "no processes: the store cannot be started" "$(bootward_pid_of store)" ""
heal
ok "there are some again: it is" wait_until 30 bootward_ready
storm_begin 100 -w 32
ok "and serves" storm_end
ok "no lease lost, no address given twice" promises
bootward_pids >"$tmp/pids"
check_alive 'does not read' 'was ended by signal 9' 'socketpair' 'fork for' \
    'not sent' 'could not' 'link' 'memory'
stop_bootward

# 3. A stop in good order: even what has just been said is kept.
echo 'host "c1" { ethernet 02:00:00:00:00:01 }' >>"$tmp/conf"
start_bootward <"$tmp/conf"
ok "a host has a lease" client_dhcp c1
stop_bootward
start_bootward <"$tmp/conf"
ctl trace c1 >"$tmp/trace"
ok "its timeline tells so after a restart" grep -q ' ack' "$tmp/trace" ||
    diag "$(cat "$tmp/trace")"
stop_bootward

# 4. The log goes to somebody who does not read, and then is gone.
mkfifo "$tmp/logpipe"
# shellcheck disable=SC2217 # that it does not read is what it is for
sleep 1000 <"$tmp/logpipe" &
reader=$!
log_file=$log
log=$tmp/logpipe
run_bootward -v
log=$log_file
ok "nobody reads the log: it starts" wait_until 20 bootward_ready
dd if=/dev/zero of="$tmp/logpipe" bs=1024 oflag=nonblock 2>"$tmp/dd"
ok "and there is room for no more lines" grep -q 'unavailable' "$tmp/dd"
bootward_pids >"$tmp/pids"
storm_begin 2000 -w 64 -r 2000
in_client storm "$obj/tests/dhcpplay" eth0 02:00:00:00:00:77 noise 20000
ok "all get leases" storm_end
ok "no lease lost, no address given twice" promises
kill -KILL "$(bootward_pid_of dhcpd)"
ok "the parent does its work" wait_until 20 bootward_ready
ok "a client has a lease" client_dhcp c1
kill "$reader"
wait "$reader" 2>/dev/null
ok "the reader is gone: a client has a lease" client_dhcp c1
kill -KILL "$(bootward_pid_of dhcpd)"
ok "the parent does its work" wait_until 20 bootward_ready
ok "a client has a lease" client_dhcp c1
ok "everybody can go on with what they have" storm_again
finish_only
