#!/bin/sh
# SPDX-License-Identifier: ISC
#
# ksd on the wire, with a played parent and store (tests/tools/ksdplay.c):
# files, what must not be served, answers and reports in each state of a
# ticket, and clients that are slow or hostile.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib.sh
. "$top/tests/lib.sh"

world_enter "$0" "$@"
world_up
client_new c1 02:00:00:00:00:01
client_new c2 02:00:00:00:00:02
ip -n c1 addr add 10.77.0.11/16 dev eth0
ip -n c2 addr add 10.77.0.12/16 dev eth0
url=http://$server
token=0123456789abcdef0123456789abcdef
other=fedcba9876543210fedcba9876543210
www=/srv/bootward/www
boot=/srv/bootward/boot

mkdir -p "$www/tiny/pool" "$www/dir" "$www/empty" "$boot/tiny" \
    /srv/bootward/secret
echo hello >"$www/hello.txt"
echo index >"$www/dir/index.html"
echo package >"$www/tiny/pool/a+b~c.deb"
: >"$www/nothing"
echo secret >/srv/bootward/secret/x
echo secret >"$www/unreadable"
chmod 600 "$www/unreadable"
ln -s /etc/passwd "$www/out"
ln -s ../secret/x "$www/sibling"
ln -s hello.txt "$www/inside"
mkfifo "$www/fifo"
head -c 3000000 /dev/urandom >"$boot/tiny/linux"
head -c 20000000 /dev/urandom >"$boot/tiny/initrd"
echo efi >"$boot/snponly.efi"
touch -d '2024-01-02 03:04:05' "$www/hello.txt"
printf '%s\n' "the answer" >"$tmp/answer"
printf '%s\n' "instance-id: x" >"$tmp/meta"

# ksd, its parent and its store.
play_start()		# ACCESS
{
	rm -f "$tmp/commands"
	mkfifo "$tmp/commands"
	"$obj/tests/ksdplay" "$obj/ksd" "$(id -u _ksd)" /srv/bootward \
	    "$server" 80 8067 "$1" <"$tmp/commands" >"$log" 2>&1 &
	play=$!
	exec 9>"$tmp/commands"
	wait_until 5 said ready || bail "ksd does not start: $(cat "$log")"
	say pid
	ksd=$(sed -n 's/^pid //p' "$log")
}

play_stop()
{
	exec 9>&-
	wait "$play"
}

# A command, which has been carried out when this returns.
say()			# COMMAND...
{
	say_before=$(grep -c '^ok' "$log")
	echo "$*" >&9
	wait_until 5 said_ok || diag "no answer to: $*"
}

said_ok()
{
	[ "$(grep -c '^ok' "$log")" -gt "$say_before" ]
}

said()			# PATTERN
{
	grep -q "^$1" "$log"
}

# A request by c1, or by who says so: its status, then $tmp/head, $tmp/body.
who=c1
get()			# CURL-ARGUMENTS...
{
	rm -f "$tmp/head" "$tmp/body"
	in_client "$who" curl -s --max-time 15 --path-as-is \
	    -D "$tmp/head" -o "$tmp/body" -w '%{http_code}' "$@" || :
}

field()			# NAME: its value in the last response
{
	tr -d '\r' <"$tmp/head" | sed -n "s/^$1: //p"
}

# Octets by c1 as they are: the statuses of the responses, and "closed" when
# the server ended the connection.
raw()			# PRINTF-FORMAT
{
	# shellcheck disable=SC2059
	printf "$1" >"$tmp/raw"
	in_client c1 perl "$tmp/raw.pl" "$server" "$tmp/raw"
}

cat >"$tmp/raw.pl" <<'END'
use strict;
use IO::Socket::INET;
use IO::Select;
my ($server, $file) = @ARGV;
open(my $in, '<:raw', $file) or die;
local $/;
my $data = <$in>;
my $s = IO::Socket::INET->new(PeerAddr => "$server:80") or die;
$SIG{PIPE} = 'IGNORE';
$s->syswrite($data);
my ($all, $end, $select) = ('', '', IO::Select->new($s));
while ($select->can_read(0.7)) {
	my $n = $s->sysread(my $part, 65536);
	if (!$n) {
		$end = defined($n) ? 'closed' : 'reset';
		last;
	}
	$all .= $part;
}
print join(' ', $all =~ m{^HTTP/1\.1 (\d+)}mg, $end), "\n";
END

play_start lease

# Files.
is "a file" "$(get "$url/hello.txt") $(cat "$tmp/body")" "200 hello"
is "its type" "$(field Content-Type)" text/plain
is "its length" "$(field Content-Length)" 6
is "its date" "$(field Last-Modified)" "Tue, 02 Jan 2024 03:04:05 GMT"
etag=$(field ETag)
is "its tag is strong" "$(expr "$etag" : '"[0-9a-f-]*"$')" "${#etag}"
is "HEAD" "$(get -I "$url/hello.txt") $(field Content-Length)" "200 6"
is "HEAD sends nothing more" "$(raw 'HEAD /hello.txt HTTP/1.1\r\nHost: a\r\n\r\nHEAD /hello.txt HTTP/1.0\r\n\r\n')" \
    "200 200 closed"
is "an empty file" "$(get "$url/nothing") $(field Content-Length)" "200 0"
is "a link that stays inside" "$(get "$url/inside")" 200
is "an index" "$(get "$url/dir/") $(cat "$tmp/body")" "200 index"
is "an index without the slash, no redirect" "$(get "$url/dir")" 200
is "no index" "$(get "$url/empty/")" 404
is "doubled slashes" "$(get "$url//dir///index.html")" 200
is "a percent-encoded name" "$(get "$url/tiny/pool/a%2bb%7ec.deb")" 200
is "the same name as it is" "$(get "$url/tiny/pool/a+b~c.deb")" 200
is "ROOT/boot" "$(get "$url/boot/snponly.efi") $(field Content-Type)" \
    "200 application/efi"
is "a large file" "$(get "$url/boot/tiny/initrd")" 200
ok "as it is" cmp "$tmp/body" "$boot/tiny/initrd"
is "what is not there" "$(get "$url/missing")" 404
is "HTTP/1.0" "$(get -0 "$url/hello.txt") $(field Connection)" "200 close"
is "keep-alive" "$(in_client c1 curl -s -o /dev/null -o /dev/null \
    -w '%{num_connects}' "$url/hello.txt" "$url/hello.txt")" 10
is "100 pipelined requests" "$(raw "$(for _ in 1 2 3 4 5 6 7 8 9 10; do
	printf %s 'GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n'
done)")" "$(printf '200 404 %.0s' 1 2 3 4 5 6 7 8 9 10)"

# Parts and conditions, as wget, apt and firmware use them.
is "a range" "$(get -r 1-3 "$url/hello.txt") $(cat "$tmp/body")" "206 ell"
is "which says so" "$(field Content-Range)" "bytes 1-3/6"
get -r 2000000- "$url/boot/tiny/linux" >/dev/null
tail -c 1000000 "$boot/tiny/linux" >"$tmp/part"
ok "the rest of a file" cmp "$tmp/body" "$tmp/part"
is "the last octets" "$(get -r -2 "$url/hello.txt") $(cat "$tmp/body")" "206 o"
is "a range behind the end" "$(get -r 6- "$url/hello.txt")" 416
is "says the length" "$(field Content-Range)" "bytes */6"
is "If-Range with the date" "$(get -r 1-3 -H \
    'If-Range: Tue, 02 Jan 2024 03:04:05 GMT' "$url/hello.txt")" 206
is "If-Range with another" "$(get -r 1-3 -H \
    'If-Range: Tue, 02 Jan 2024 03:04:06 GMT' "$url/hello.txt")" 200
is "If-Modified-Since" "$(get -z 'Tue, 02 Jan 2024 03:04:05 GMT' \
    "$url/hello.txt")" 304
is "If-None-Match" "$(get -H "If-None-Match: $etag" "$url/hello.txt")" 304

# What must not be served.
for path in /../secret/x /%2e%2e/secret/x /dir/../../secret/x /..%2fsecret/x; do
	is "400 for $path" "$(get "$url$path")" 400
done
for path in /out /sibling /fifo /unreadable /secret/x /etc/passwd \
    /boot/../hello.txt%3f /dev/null /www/hello.txt /boot/hello.txt; do
	code=$(get "$url$path")
	is "nothing for $path" "$((code == 404 || code == 400))" 1
done
is "POST to a file" "$(get -d x "$url/hello.txt") $(field Allow)" \
    "405 GET, HEAD"
is "DELETE" "$(get -X DELETE "$url/hello.txt")" 405
is "an unknown method" "$(get -X BREW "$url/hello.txt")" 501

# One answer and an end for what can be read in two ways.
h='Host: a\r\n'
is "no Host" "$(raw 'GET / HTTP/1.1\r\n\r\n')" "400 closed"
is "bare LF" "$(raw "GET / HTTP/1.1\n$h\n")" "400 closed"
is "folding" "$(raw "GET / HTTP/1.1\r\n${h}X: a\r\n b\r\n\r\n")" "400 closed"
is "length and coding" "$(raw "POST /e/x HTTP/1.1\r\n${h}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")" "400 closed"
is "a request in the content of a GET" "$(raw "GET /hello.txt HTTP/1.1\r\n${h}Content-Length: 42\r\n\r\nGET /hello.txt HTTP/1.1\r\n$h\r\n")" "400 closed"
is "a request after a refused one" "$(raw "GET /%%00 HTTP/1.1\r\n$h\r\nGET /hello.txt HTTP/1.1\r\n$h\r\n")" "400 closed"
is "a long line" "$(raw "GET /$(printf '%05000d' 0) HTTP/1.1\r\n$h\r\n")" \
    "414 closed"
is "a large head" "$(raw "GET / HTTP/1.1\r\n${h}X: $(printf '%09000d' 0)\r\n\r\n")" \
    "431 closed"
is "too much content" "$(raw "POST /e/$token/note HTTP/1.1\r\n${h}Content-Length: 9000\r\n\r\n$(printf '%09000d' 0)")" "413 closed"

# Before the store has told its tickets nobody is sent anywhere.
is "an answer before that" "$(get "$url/a/$token/ks.cfg")" 503
ok "with Retry-After" [ -n "$(field Retry-After)" ]
is "a menu before that" "$(get "$url/ipxe")" 503
say sync
is "an answer nobody has" "$(get "$url/a/$token/ks.cfg")" 404

# The life of a ticket.  c1 is web1, c2 is web2.
say lease 10.77.0.11 web1
say lease 10.77.0.12 web2
say ticket web1 armed "$token"
say answer web1 "$token" ks.cfg "$tmp/answer"
say answer web1 "$token" meta-data "$tmp/meta"
is "the iPXE menu" "$(get "$url/ipxe") $(sed -n 2p "$tmp/body" |
    cut -d' ' -f 1-2)" "200 kernel $url/boot/tiny/linux"
ok "its step" wait_until 2 said 'event menu 10.77.0.11 web1 100'
who=c2
is "another machine's menu" "$(get "$url/ipxe") $(grep -c kernel "$tmp/body")" \
    "200 0"
is "another machine's token" "$(get "$url/a/$token/ks.cfg")" 403
ok "is reported" wait_until 2 said \
    'event refused 0.0.0.0 web1 100 0 its token was used by 10.77.0.12'
who=c1
is "a wrong token" "$(get "$url/a/$other/ks.cfg")" 404
is "another file" "$(get "$url/a/$token/user-data")" 404
is "HEAD moves nothing" "$(get -I "$url/a/$token/ks.cfg")" 200
ok "nothing at all" not said input
is "kernel" "$(get "$url/boot/tiny/linux")" 200
ok "its step" wait_until 2 said \
    'event kernel 10.77.0.11 web1 100 3000000 tiny/linux'
get --limit-rate 8m "$url/boot/tiny/initrd" >/dev/null
ok "initrd, with progress" wait_until 2 said \
    'event initrd 10.77.0.11 web1 [1-9][0-9]* 20000000 tiny/initrd'
ok "its step" wait_until 2 said 'event initrd 10.77.0.11 web1 100 20000000'

# Commit, then answer.
say mute
begin=$(date +%s)
is "a store that says nothing" "$(get "$url/a/$token/ks.cfg")" 503
is "is waited for" "$((($(date +%s) - begin) / 4))" 1
ok "the input went to it" said 'input 2 web1'
ok "nothing was answered" not said 'event answer'
say part
is "a store that is not there" "$(get "$url/a/$token/ks.cfg")" 503
say meet
say talk
is "the answer" "$(get "$url/a/$token/ks.cfg") $(cat "$tmp/body")" \
    "200 the answer"
is "is not to be kept" "$(field Cache-Control)" no-store
ok "its step" wait_until 2 said 'event answer 10.77.0.11 web1 100 11 ks.cfg'
inputs=$(grep -c '^input' "$log")
is "the answer again" "$(get "$url/a/$token/ks.cfg") $(cat "$tmp/body")" \
    "200 the answer"
is "another file of it" "$(get "$url/a/$token/meta-data") $(cat "$tmp/body")" \
    "200 instance-id: x"
is "nothing more to commit" "$(grep -c '^input' "$log")" "$inputs"
is "a package" "$(get "$url/tiny/pool/a+b~c.deb")" 200
is "and again" "$(get "$url/tiny/pool/a+b~c.deb")" 200
ok "its step" wait_until 2 said \
    'event packages 10.77.0.11 web1 100 0 tiny/pool/a+b~c.deb'
is "which is told once" "$(grep -c 'event packages' "$log")" 1

# Reports.
is "installing" "$(get "$url/e/$token/installing")" 204
is "has no content" "$(field Content-Length)$(field Content-Type)" ""
is "a note" "$(get "$url/e/$token/note?text=half+way%0a%1b%5b31m")" 204
ok "its step is printable" wait_until 2 said \
    'event note 10.77.0.11 web1 100 0 half way??\[31m'
is "a note as a form" "$(get -d text=two%21 "$url/e/$token/note")" 204
ok "its step" wait_until 2 said 'event note .* two!$'
is "a note as text, on demand" "$(get -H 'Expect: 100-continue' -H \
    'Content-Type: text/plain' -d 'line three' "$url/e/$token/note")" 204
ok "its step" wait_until 2 said 'event note .* line three$'
is "nonsense" "$(get "$url/e/$token/nonsense")" 404
who=c2
is "another machine's report" "$(get "$url/e/$token/done")" 403
who=c1
say part
is "done without a store" "$(get -X POST "$url/e/$token/done")" 503
say meet
is "done" "$(get -X POST "$url/e/$token/done")" 204
ok "its step" wait_until 2 said 'event done 10.77.0.11 web1 100 0 says the installer'
ok "its input" said 'input 3 web1'
is "done again" "$(get "$url/e/$token/done")" 204
is "which is told once" "$(grep -c 'event done' "$log")" 1
is "the answer is gone" "$(get "$url/a/$token/ks.cfg")" 404
is "the disk is booted" "$(get "$url/ipxe") $(grep -c kernel "$tmp/body")" \
    "200 0"
say ticket web1 installing "$other"
is "failed" "$(get "$url/e/$other/failed?text=no+disk")" 204
ok "its step" wait_until 2 said 'event error .* web1 100 0 failed: no disk'
say ticket web1 armed "$token"
is "the old token is over" "$(get "$url/e/$other/failed")" 404
say lease 10.77.0.11 web2
is "the lease decides, not the address" "$(get "$url/e/$token/note?text=x")" 403

# Metrics, and nothing else, on the status listener.
get "$url:8067/metrics" >/dev/null
is "metrics" "$(tail -n 1 "$tmp/body")" "# EOF"
is "connections are counted" "$(grep -c '^bootward_ksd_connections_total [1-9]' \
    "$tmp/body")" 1
is "no files there" "$(get "$url:8067/hello.txt")" 404
is "no metrics elsewhere" "$(get "$url/metrics")" 404

# Clients that say nothing, or too slowly, or do not listen.
cat >"$tmp/slow.pl" <<'END'
use strict;
use IO::Socket::INET;
my ($server, $count, $text) = @ARGV;
$text =~ s/\\r\\n/\r\n/g;
my @s;
for (1 .. $count) {
	my $s = IO::Socket::INET->new(PeerAddr => "$server:80") or next;
	$s->syswrite($text) if length($text);
	push(@s, $s);
}
$| = 1;
print "there\n";
sleep(60);
END
for text in '' 'GET /hello.txt HTTP/1.1\r\nX: ' \
    'POST /e/x/y HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx' \
    'GET /boot/tiny/initrd HTTP/1.1\r\nHost: a\r\n\r\n'; do
	prlimit --nofile=4096 ip netns exec c2 perl "$tmp/slow.pl" "$server" \
	    2000 "$text" >"$tmp/slow.out" 2>&1 &
	slow=$!
	wait_until 20 grep -q there "$tmp/slow.out"
	good=0
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(get --max-time 1 "$url/hello.txt")" != 200 ] ||
		    good=$((good + 1))
	done
	is "20 of 20 beside 2000 of: ${text%%\\*}" "$good" 20
	kill "$slow"
	wait "$slow" 2>/dev/null
done
begin=$(date +%s)
# shellcheck disable=SC2016	# it is Perl
is "10 seconds for a head" "$(in_client c1 perl -e '
	use IO::Socket::INET;
	$s = IO::Socket::INET->new(PeerAddr => "$ARGV[0]:80");
	$SIG{ALRM} = sub { $s->syswrite("x"); alarm(1) };
	$s->syswrite("GET / HTTP/1.1\r\nX: ");
	alarm(1);
	do { $n = $s->sysread($part, 4096); } while (!defined($n));
	print substr($part, 9, 3)' "$server")" 408
is "however it drips" "$((($(date +%s) - begin) / 9))" 1

ok "ksd is the same process" runs "$ksd"
is "with few descriptors" "$(($(find "/proc/$ksd/fd" -type l | wc -l) < 32))" 1
is "no token in the log" "$(grep -c -e "$token" -e "$other" "$log")" 0
is "nothing unexpected in the log" "$(grep '^log [01]' "$log" |
    grep -v -e 'too many connections' -e 'more lines like' \
    -e 'the store is not there' -e 'store')" ""
play_stop

# Other rules of access.
play_start token
say sync
say ticket web1 installing "$token"
say answer web1 "$token" - "$tmp/answer"
is "access token: no lease is needed" "$(get "$url/a/$token/any.cfg")" 200
is "but the token is" "$(get "$url/a/$other/any.cfg")" 404
say ticket web1 failed "$token"
is "and a live ticket" "$(get "$url/a/$token/any.cfg")" 404
play_stop

done_testing
