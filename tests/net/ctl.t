#!/bin/sh
# SPDX-License-Identifier: ISC
#
# bootwardctl against a running bootward: what it says, what it refuses and
# how it ends; and a ticket's life as it shows it.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 52:54:00:00:00:01
client_new c2 02:00:00:00:00:02

fake_kernel /srv/bootward/boot/linux

answers=/etc/bootward/answers
cat >"$answers/two" <<'END'
#!/bin/sh
echo "### file ks.cfg"
echo "$answer $event"
echo "### file meta-data"
echo "$host"
END
cat >"$answers/fails" <<'END'
#!/bin/sh
echo "no such role" >&2
exit 3
END
printf '#!/bin/sh\nexit 0\n' >"$answers/silent"
chmod 755 "$answers"/*

start_bootward <<'END'
interface "bw0"
subnet 10.77.0.0/16 { range 10.77.1.0 - 10.77.1.63 }
image "two" { kernel "linux"; answer "two" }
image "fails" { kernel "linux"; answer "fails" }
image "silent" { kernel "linux"; answer "silent" }
image "none" { kernel "linux" }
host "web1" {
	ethernet 52:54:00:00:00:01
	address 10.77.2.1
	image "two"
}
host "web2" { ethernet 52:54:00:00:00:02; image "fails" }
host "web3" { ethernet 52:54:00:00:00:03; image "none" }
host "web4" { ethernet 52:54:00:00:00:04 }
END
cp /etc/bootward.conf "$tmp/good.conf"

state()			# HOST
{
	ctl show hosts | sed -n "s/^$1  *\([a-z]*\) .*/\1/p"
}

ok "no command: usage" ctl_says 2 '^usage:'
ok "no such command" ctl_says 2 'no such command: foo' foo
ok "half a command" ctl_says 2 'what is to follow' show
ok "too few arguments" ctl_says 2 'wrong number' trace
ok "too many arguments" ctl_says 2 'wrong number' reload now
ok "no hosts to install" ctl_says 2 'wrong number' install
ok "-f elsewhere" ctl_says 2 'is for install' -f cancel web1
ok "no socket" ctl_says 1 'is bootward running' -s /nowhere show status
ok "words may be shortened" ctl_says 0 '^web1  *local' s h
ok "status" ctl_says 0 '^ksd  *running' show status
ok "every sandbox is full" [ "$(grep -c ' full$' "$tmp/said")" -eq 5 ]
ok "status as JSON" ctl_says 0 '^{"process":"store","running":true,' -j s s
ok "leases as JSON: an empty array" ctl_says 0 '^\[$' -j show leases

ok "an unknown host" ctl_says 1 'no host "web9"' install web9
ok "an unknown image" ctl_says 1 'no image "foo"' install web1 image foo
ok "no image" ctl_says 1 'web4: it has no image' install web4
ok "a script that fails: its last words" ctl_says 1 '^no such role$' \
    install web2
ok "and why nothing happened" grep -q 'nothing has changed' "$tmp/said"
ok "a script that says nothing" ctl_says 1 'printed nothing' install web3 \
    image silent
is "they are not armed" "$(state web2)$(state web3)$(state web4)" \
    locallocallocal
# More in variables than a socket takes at once.
# shellcheck disable=SC2016	# dollar signs that are meant as they stand
printf '#!/bin/sh\nprintf "%%s" "$v149" | wc -c\n' >"$answers/many"
chmod 755 "$answers/many"
{
	cat "$tmp/good.conf"
	echo 'image "many" { kernel "linux"; answer "many" }'
	echo 'host "web5" {'
	echo 'ethernet 52:54:00:00:00:05'
	echo 'image "many"'
	for n in $(seq 149); do
		printf 'set v%d "%1900s"\n' "$n" .
	done
	echo '}'
} >/etc/bootward.conf
ok "reload, with many variables" ctl reload
ok "all of them reach the script" ctl_says 0 'web5: armed' install web5
cp "$tmp/good.conf" /etc/bootward.conf
ok "reload" ctl reload
ok "several hosts, one of them unknown" ctl_says 1 '^web1: armed' install web1 \
    web9 web3
is "the others are armed" "$(state web1) $(state web3)" "armed armed"
ok "armed again while it waits" ctl_says 0 'web1: armed' install web1
ok "another image" ctl_says 0 'web4: armed' install web4 image none
ok "as JSON" ctl_says 0 '{"host":"web4","done":true,' -j install web4 image none
ok "cancelled" ctl_says 0 'web3: back to local' cancel web3
ok "cancelled again" ctl_says 0 'is local already' cancel web3
is "it is local" "$(state web3)" local
ok "an unknown host is not cancelled" ctl_says 1 'no host "web9"' cancel web9

# What a machine does is seen.
ctl -j monitor >"$tmp/monitor" &
monitor=$!
ok "the machine gets its address" client_dhcp c1
ctl show hosts >"$tmp/said"
ok "the token is shown to nobody" not grep -q -E '[0-9a-f]{32}' "$tmp/said"

# Scripts and configurations change.
cat >"$answers/two" <<END
#!/bin/sh
cat <<EOF
### file ks.cfg
\$answer \$event
### file meta-data
\$host
EOF
echo "\$token" >&2
exit \${fail:-0}
END
sed 's/image "two"$/&\n\tset fail "1"/' "$tmp/good.conf" >/etc/bootward.conf
ok "a new configuration" ctl reload
ctl install web1 2>"$tmp/why"
is "a set variable reaches the script" "$(state web1)" armed
ok "and its words come back" grep -q '^[0-9a-f]\{32\}$' "$tmp/why"
cp "$tmp/good.conf" /etc/bootward.conf
echo 'subnet nonsense' >>/etc/bootward.conf
ok "a configuration with an error" ctl_says 1 'bootward.conf:[0-9]*: ' reload
ok "stays out" grep -q 'old one stays' "$tmp/said"
cp "$tmp/good.conf" /etc/bootward.conf
ok "the good one" ctl reload

ok "trace" ctl_says 0 'web1  *ack  *10.77.2.1' trace web1
ok "trace has no more than that host's" not grep -q 'web3' "$tmp/said"
ok "trace of nobody" ctl_says 1 'no host "web9"' trace web9
monitored()
{
	grep -q '"host":"web1",.*"step":"ack","percent":100,' "$tmp/monitor"
}
ok "the monitor shows it, too" wait_until 5 monitored
kill "$monitor"

ok "log verbose" ctl log verbose
ok "log brief" ctl l b

# Who may.
as()			# GROUP ARGUMENTS...
{
	as_group=$1
	shift
	setpriv --reuid 65534 --regid 65534 --groups "$as_group" \
	    "$obj/bootwardctl" "$@"
}
group=$(id -g _bootward)
ok "others do not even reach the socket" not as 65534 show status
ok "the group may look" as "$group" show hosts
ok "and change" as "$group" install web1
chmod 666 /run/bootward.sock
ok "others may look where the socket lets them" as 65534 show hosts
as 65534 cancel web1 2>"$tmp/why"
is "but not change" $? 1
ok "and are told so" grep -q 'only root and the group' "$tmp/why"
is "nothing has changed" "$(state web1)" armed
chmod 660 /run/bootward.sock

# All of it is on disk.
kill -KILL "$(bootward_pid_of store)"
ok "a new store" wait_until 20 bootward_ready
is "knows the tickets" "$(state web1) $(state web3) $(state web4)" \
    "armed local armed"
ok "and the timelines" ctl_says 0 'armed, image two' trace web1
ok "and the leases" ctl_says 0 '^10.77.2.1 .*web1' show leases
bootward_pids >"$tmp/pids"
finish 'store was ended by signal 9' 'bootward.conf:' 'old configuration stays'
