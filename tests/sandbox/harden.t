#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the compiler and the linker were asked for is in every program: PIE,
# full RELRO, no executable stack, control-flow enforcement, stack protector,
# checked libc functions; and none links what it has no use for.

top=$(cd "$(dirname "$0")/../.." && pwd)
obj=${BW_OBJ:-$top/obj}
n=0
failed=0

check()			# NAME COMMAND...
{
	n=$((n + 1))
	name=$1
	shift
	if "$@" >/dev/null; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
	fi
}

readelf_has()		# OPTIONS FILE PATTERN
{
	readelf "$1" -W "$2" | grep -q -E -e "$3"
}

# The linker marks a program only if the C library's start code is built for
# it, too; what is ours to do is in main().
cet_in()		# FILE
{
	objdump -d --disassemble=main "$1" | grep -q endbr64
}

links_only()		# FILE LIBRARIES
{
	for lib in $(readelf -d -W "$1" |
	    sed -n 's/.*(NEEDED).*\[\(lib[^.]*\)\..*/\1/p'); do
		case " $2 libc " in
		*" $lib "*) ;;
		*) echo "# $1 links $lib"; return 1 ;;
		esac
	done
}

libs_of()
{
	case $1 in
	bootward) echo "libevent_core-2 libseccomp libnl-route-3 libnl-3 libbsd" ;;
	bootwardctl) echo "libevent_core-2 libbsd" ;;
	store)	echo "libevent_core-2 libseccomp libsqlite3 libbsd" ;;
	*)	echo "libevent_core-2 libseccomp libbsd" ;;
	esac
}

for p in bootward bootwardctl store dhcpd arpd tftpd ksd ksgen; do
	f=$obj/$p
	check "$p is position-independent" readelf_has -h "$f" 'Type: *DYN'
	check "$p has RELRO" readelf_has -l "$f" GNU_RELRO
	check "$p binds at start" readelf_has -d "$f" 'BIND_NOW|FLAGS_1.*NOW'
	check "$p has a stack for data" readelf_has -l "$f" 'GNU_STACK.* RW '
	check "$p has CET" cet_in "$f"
	check "$p has the stack protector" \
	    readelf_has --dyn-syms "$f" __stack_chk_fail
	check "$p has checked functions" \
	    readelf_has --dyn-syms "$f" '__[a-z]+_chk@'
	check "$p links what it needs, no more" links_only "$f" "$(libs_of $p)"
done
echo "1..$n"
exit $failed
