#!/bin/sh
# SPDX-License-Identifier: ISC
#
# conf.t: configurations.  N.conf prints as N.ok, or fails with exactly the
# lines of N.err; all that parses prints as text that parses back to itself
# (conftool sees to that).  In N.ok and N.err, @TMP@ stands for the directory
# with the files that configurations refer to.

set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
tool=${BW_OBJ:-$top/obj}/tests/conftool
man=$top/common/bootward.conf.5
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
answers=$tmp/answers
root=$tmp/root
n=0

ok()			# STATUS NAME
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}

# An EFI program: 64 octets of DOS header, then the PE header with its machine.
efi()			# MACHINE (two octets for printf)
{
	printf 'MZ'
	head -c 58 /dev/zero
	# shellcheck disable=SC2059
	printf "\\100\\0\\0\\0PE\\0\\0$1"
}

make_files()
{
	mkdir -p "$root/boot/debian12" "$root/www/debian12" "$answers" \
	    "$answers/directory"
	cd "$root/boot" || exit 1
	printf '\372\353' >pxelinux.0
	printf '\372\353' >other.0
	printf '\0kernel' >debian12/linux
	printf '\037\213' >debian12/initrd.gz
	printf '\037\213' >debian12/more.gz
	efi '\144\206' >bootx64.efi
	efi '\114\001' >ia32.efi
	efi '\144\252' >aa64.efi
	efi '\300\001' >arm.efi
	efi '\302\001' >thumb.efi
	efi '\144\120' >riscv64.efi
	efi '\144\142' >loong64.efi
	head -c 63 bootx64.efi >short.efi
	{ head -c 60 bootx64.efi; printf '\377\377\377\377'; } >far.efi
	mkdir 1a2b3c4d
	printf '\177ELF' >1a2b3c4d/start4.elf
	printf '\016\0' >bootcode.bin
	printf 'this is no kernel\n' >text
	{ head -c 32769 /dev/zero; printf 'CD001'; } >cd.iso
	: >empty
	ln -s /etc/passwd outside
	: >"$root/www/a-file"
	cd "$answers" || exit 1
	printf '#!/bin/sh\n' >debian
	chmod 755 debian
	printf '#!/bin/sh\n' >plain
	chmod 644 plain
}

# What conftool says, without the names of this run; its status in $status.
run()			# ARGUMENT...
{
	timeout 60 "$tool" -a "$answers" "$@" >"$tmp/out" 2>"$tmp/stderr"
	status=$?
	cat "$tmp/stderr" >>"$tmp/out"
	sed "s|$tmp|@TMP@|g" "$tmp/out" >"$tmp/said"
}

compare()		# WANTED-FILE WANTED-STATUS NAME
{
	if [ "$status" -eq "$2" ] && cmp -s "$1" "$tmp/said"; then
		ok 0 "$3"
	else
		ok 1 "$3"
		echo "# status $status"
		diff "$1" "$tmp/said" | sed 's/^/# /'
	fi
}

golden()
{
	for file in *.conf; do
		name=${file%.conf}
		args=$(sed -n 's/^# args: //p' "$file")
		# shellcheck disable=SC2086
		run -D root="$root" $args "$file"
		if [ -e "$name.ok" ]; then
			compare "$name.ok" 0 "$file prints as $name.ok"
		else
			compare "$name.err" 1 "$file fails as $name.err"
		fi
	done
}

# One line on standard output that matches, and exit status 1.
fails()			# NAME PATTERN ARGUMENT...
{
	name=$1
	pattern=$2
	shift 2
	run "$@"
	[ "$status" -eq 1 ] && [ "$(wc -l <"$tmp/said")" -le 2 ] &&
	    grep -q "$pattern" "$tmp/said"
	ok $? "$name"
}

repeat()		# TEXT COUNT
{
	head -c "$2" /dev/zero | tr '\0' "$1"
}

lines()			# COUNT TEXT
{
	yes "$2" | head -n "$1"
}

# Many errors are not all told; the first line that is matches.
many_fail()		# NAME PATTERN ARGUMENT...
{
	name=$1
	pattern=$2
	shift 2
	run "$@"
	[ "$status" -eq 1 ] && [ "$(wc -l <"$tmp/said")" -le 201 ] &&
	    head -n 1 "$tmp/said" | grep -q "$pattern"
	ok $? "$name"
	[ "$status" -eq 1 ] || echo "# status $status"
}

strange()
{
	fails "a file that is not there" 'nothing: No such file' "$tmp/nothing"
	fails "a directory" 'expected a file, found a directory' "$tmp"
	mkfifo "$tmp/fifo"
	fails "a FIFO" 'expected a regular file' "$tmp/fifo"
	fails "a device" 'expected a regular file' /dev/zero
	printf 'interface lo\nhost "a\0b" {\n}\n' >"$tmp/nul"
	fails "a NUL octet" 'nul:2: .*NUL' "$tmp/nul"
	repeat '{' 20000 >"$tmp/open"
	fails "20,000 opening braces" 'open:1: ' "$tmp/open"
	{ repeat '{' 20000; repeat '}' 20000; } >"$tmp/nested"
	fails "20,000 pairs of braces" 'nested:1: ' "$tmp/nested"
	repeat '}' 20000 >"$tmp/close"
	fails "20,000 closing braces" 'close:1: ' "$tmp/close"
	{ printf 'interface "'; repeat 'x' 1000000; } >"$tmp/long"
	fails "a string without end" 'long:1: expected a closing' "$tmp/long"
	{ printf 'interface '; repeat 'x' 1000000; } >"$tmp/long"
	fails "a name too long" 'long:1: expected the name' "$tmp/long"
	repeat 'x' 17000000 >"$tmp/huge"
	fails "a huge file" 'more than 16 megabytes' "$tmp/huge"
	repeat '#' 100000000 >"$tmp/huge"
	fails "100 megabytes of comment" 'more than 16 megabytes' "$tmp/huge"
	rm "$tmp/huge"
	truncate -s 1G "$tmp/sparse"
	fails "a gigabyte of NUL" 'more than 16 megabytes' "$tmp/sparse"
	lines 20000 'group g {' >"$tmp/groups"
	many_fail "20,000 groups in each other" \
	    'groups:2: expected "}" for the "{" of line 1' "$tmp/groups"
	{ printf 'subnet 10.0.0.0/8 {\n'; lines 20000 '	subnet 10.0.0.0/8 {'
	lines 20001 '}'; } >"$tmp/subnets"
	fails "20,000 subnets in each other" \
	    'subnets:2: expected one of range, ' "$tmp/subnets"
	lines 1000000 'foo' >"$tmp/errors"
	many_fail "a million errors" 'errors:1: expected a statement' \
	    "$tmp/errors"
	{ echo interface lo; lines 20000 'host h { ethernet 02:00:00:00:00:01 }'
	} >"$tmp/same"
	many_fail "one host 20,000 times" 'same:3: there is already a host' \
	    "$tmp/same"
	printf 'include "loop2"\n' >"$tmp/loop1"
	printf 'include "loop1"\n' >"$tmp/loop2"
	fails "two files that include each other" \
	    'loop2:1: .*loop1: the file includes itself' "$tmp/loop1"
	printf 'include "loop*"\n' >"$tmp/loop3"
	many_fail "a pattern that includes its file" \
	    'loop3: the file includes itself' "$tmp/loop3"
	: >"$tmp/empty"
	fails "an empty file" 'at least one "interface"' "$tmp/empty"
	fails "a bad -D" 'name of a macro, found "a-b"' -D a-b=c "minimal.conf"
	head -c 20000 /dev/urandom | tr '\0' x >"$tmp/random"
	run "$tmp/random"
	[ "$status" -eq 1 ]
	ok $? "20,000 random octets"
	i=0
	while [ $i -lt 20 ]; do
		printf 'include "%s/deep%d"\n' "$tmp" $((i + 1)) >"$tmp/deep$i"
		i=$((i + 1))
	done
	fails "includes nested too deep" 'more than 16 deep' "$tmp/deep0"
	text=$(repeat 'x' 2047)
	{ printf 'interface lo\nhost h { ethernet 52:54:00:00:00:01\n'
	printf 'set a "%s"\n}\n' "$text"; } >"$tmp/limit"
	run -n "$tmp/limit"
	[ "$status" -eq 0 ]
	ok $? "the longest text"
	sed 's/xx"/xxx"/' "$tmp/limit" >"$tmp/limit2"
	fails "a text one longer is refused, not cut" \
	    'limit2:3: the value has 2048 characters' "$tmp/limit2"
}

# Many hosts are read in a moment, and checked for what is there twice.
many()
{
	{
		printf 'interface lo\nsubnet 10.0.0.0/8 {\n}\n'
		awk 'BEGIN { for (i = 1; i <= 20000; i++) {
			a = int(i / 250); b = i % 250 + 1
			printf "host h%d { ethernet 52:54:00:00:%02x:%02x\n",
			    i, a, b
			printf "address 10.1.%d.%d; set n %d }\n", a, b, i } }'
	} >"$tmp/many"
	run -n "$tmp/many"
	[ "$status" -eq 0 ]
	ok $? "20,000 hosts"
	printf 'host h77 { ethernet 52:54:00:ff:00:00 }\n' >>"$tmp/many"
	fails "the first host that is there twice" \
	    'many:40004: there is already a host "h77" in line 156' "$tmp/many"
	awk 'BEGIN { for (i = 0; i < 20000; i++) {
		net = sprintf("10.%d.%d", int(i / 256), i % 256)
		printf "subnet %s.0/24 { range %s.1 - %s.9\n", net, net, net
		printf "router %s.254 ; option 26 u16 1400 }\n", net
		printf "group g%d { option 12 text x ; set a b\n", i
		printf "host h%d { ethernet 02:00:00:00:%02x:%02x\n", i,
		    int(i / 256), i % 256
		printf "option 224 hex 00 ; option 225 u8 1 } }\n" } }
	    ' >"$tmp/many"
	run -n "$tmp/many"
	[ "$status" -eq 1 ] && grep -q 'at least one "interface"' "$tmp/said"
	ok $? "20,000 subnets and groups"
	printf 'interface lo\n' >>"$tmp/many"
	run -n "$tmp/many"
	[ "$status" -eq 0 ]
	ok $? "20,000 subnets and groups print"
}

# A configuration that stands alone, but for its root.
stands()		# NAME FILE
{
	if ! grep -q '^root ' "$2"; then
		printf 'root "/srv/bootward"\n' | cat - "$2" >"$tmp/whole"
	else
		cp "$2" "$tmp/whole"
	fi
	sed "s|^root .*|root \"$root\"|" "$tmp/whole" >"$tmp/stand.conf"
	run -n "$tmp/stand.conf"
	[ "$status" -eq 0 ]
	ok $? "$1"
	[ "$status" -eq 0 ] || sed 's/^/# /' "$tmp/said"
}

# The literal displays that are marked: an example is whole, a fragment lacks
# only the interface.
examples()
{
	awk -v dir="$tmp" '
	/^\.\\" example$/	{ kind = "example"; next }
	/^\.\\" fragment$/	{ kind = "fragment"; next }
	/^\.Bd -literal/ && kind != "" {
		file = dir "/display" ++n
		printf "# %s\n", kind >file
		if (kind == "fragment")
			print "interface eth1" >file
		next
	}
	/^\.Ed/			{ if (file != "") close(file)
				  file = kind = ""; next }
	file != ""		{ gsub(/\\e/, "\\"); print >file }
	' "$man"
	[ -s "$tmp/display1" ]
	ok $? "bootward.conf(5) has examples"
	for file in "$tmp"/display*; do
		stands "bootward.conf(5), ${file##*/}: $(sed -n 's/^# //p;q' \
		    "$file")" "$file"
	done
	for file in "$top"/etc/*.conf; do
		stands "etc/${file##*/}" "$file"
	done
}

make_files
cd "$top/tests/conf" || exit 1
golden
strange
many
examples
echo "1..$n"
