#!/bin/sh
# SPDX-License-Identifier: ISC
#
# ksgen: an answer script gets exactly its environment, and nothing that it
# does reaches further than its output.
#
# shellcheck disable=SC2016	# dollar signs that are meant as they stand

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
uid=$(id -u _ksgen)
[ "$uid" -gt 0 ] || bail "no user _ksgen"

# The script on standard input; its output, errors and status are kept.
run()			# NAME=VALUE...
{
	cat >"$tmp/script"
	chmod 600 "$tmp/script"
	"$obj/tests/ksgen_run" "$obj/ksgen" "$uid" "$tmp/script" "$@" \
	    >"$tmp/out" 2>"$tmp/err"
	status=$?
}

says()			# PATTERN: on standard error
{
	grep -q -e "$1" "$tmp/err" || ! diag "$(cat "$tmp/err")"
}

run host=web1 role=old 'role=a b' 'odd=$(id); "x' <<'END'
echo "$host/$role/$odd/$(id -u)/$#"
env | sort
END
is "a script succeeds" "$status" 0
is "it has its variables, is _ksgen, and nothing is expanded" \
    "$(sed -n 1p "$tmp/out")" "web1/a b/\$(id); \"x/$uid/0"
is "and no other variables" "$(sed 1d "$tmp/out")" 'LC_ALL=C
PATH=/usr/bin:/bin
PWD=/
host=web1
odd=$(id); "x
role=a b'
is "nothing is said" "$(cat "$tmp/err")" ""

run host=x <<'END'
echo before
echo "$missing"
END
is "an unset variable is an error" "$status" 2
ok "which is named, with its line" says '2: .*missing: parameter not set'
run <<'END'
false
echo after
END
is "a command that fails ends it" "$status/$(cat "$tmp/out")" 1/
run <<'END'
exit 42
END
is "its exit status is kept" "$status" 42

for bad in PATH=/tmp LC_ALL=x LD_PRELOAD=x IFS=x ENV=x 1a=x =x novalue a-b=c; do
	run "$bad" <<'END'
echo ran
END
	is "no $bad" "$status/$(cat "$tmp/out")" 1/
done

# What it may not do.  Each script says "reached" when it could.
forbidden()		# NAME; the script on standard input
{
	run
	is "no $1" "$(grep -c reached "$tmp/out")" 0 || diag "$(cat "$tmp/err")"
}
run <<'END'
[ -e /usr/bin/env ] && echo reached
END
is "what is allowed is reached" "$(cat "$tmp/out")" reached
forbidden "reading of secrets" <<'END'
cat /etc/shadow && echo reached
END
forbidden "reading of what is not the system's" <<'END'
cat /etc/passwd && echo reached
END
forbidden "writing to /tmp" <<'END'
echo x >/tmp/bw-ksgen && echo reached
END
forbidden "writing to the script" <<'END'
echo x >/proc/self/fd/5 && echo reached
END
forbidden "looking at other processes" <<'END'
cat /proc/$PPID/environ && echo reached
END
forbidden "network" <<'END'
ip -o link | grep -v ' lo: ' && echo reached
END
forbidden "loopback either" <<'END'
curl -s http://127.0.0.1/ && echo reached
ip -o link | grep 'lo: .*[<,]UP[,>]' && echo reached
END
forbidden "sockets, not even of this machine" <<'END'
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) and print "reached\n"'
perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0) and print "reached\n"'
END
forbidden "user namespaces" <<'END'
unshare --user --map-root-user true && echo reached
END
forbidden "tracing" <<'END'
strace -o /dev/null true && echo reached
END
forbidden "descriptors of bootward's" <<'END'
for fd in 3 4 6 7 8 9; do
	if [ -e "/proc/self/fd/$fd" ]; then
		echo "reached $fd"
	fi
done
END

# Limits, and ends.
run <<'END'
yes
END
is "1 MiB of output at most" "$(wc -c <"$tmp/out")/$((status > 0))" 1048576/1
run <<'END'
while :; do :; done
END
is "10 seconds of computing at most" "$status" 152
ok "it says so" says 'computes for too long'
begin=$(date +%s)
run <<'END'
sleep 100
END
is "20 seconds at most" "$status/$((($(date +%s) - begin) / 10))" 124/2
ok "it says so" says 'not ready after 20 seconds'
run <<'END'
(sleep 4711 >/dev/null 2>&1 &)
f() { f | f & }
f 2>/dev/null
echo started
exit 0
END
is "it ends, whatever it started" "$status/$(cat "$tmp/out")" 0/started
is "and nothing of it is left" "$(ps --no-headers -u "$uid" | wc -l)" 0
run <<'END'
x=aaaaaaaaaaaaaaaa
while [ ${#x} -lt 1000000000 ]; do
	x=$x$x
done
echo "reached ${#x}"
END
is "512 MiB at most" "$(cat "$tmp/out")" ""

head -c 1048577 /dev/zero | tr '\0' '#' >"$tmp/long"
run <"$tmp/long"
is "a script of more than 1 MiB is refused" "$status" 1
ok "it says so" says 'longer than 1 MiB'

done_testing
