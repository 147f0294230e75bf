# bootward: everything is built from here into obj/.  GNU make.
#
#	make				build
#	make test [JOBS=2]		every test, as root
#	make demo [FIRMWARE=uefi]	a real machine, from power-on to done
#	make fuzz [FUZZ_RUNS=200000]	dhcpd, arpd, the configuration: as nobody
#	make bench [BENCH=dhcp|arp]	beside other servers, as root
#	make conform			the standards, by us and by other servers
#	make lint			what compilers and checkers think
#	make install [DESTDIR= PREFIX=/usr]; make uninstall

PREFIX	?= /usr
DESTDIR	?=
FIRMWARE ?= bios
BENCH	?= dhcp
JOBS	?= 2
YACC	:= bison
O	:= obj
OO	:= $(O)/o

WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wundef
HARDEN	:= -fPIE -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -D_FORTIFY_SOURCE=3 -fno-strict-aliasing
CFLAGS	?= -O2 -g
CPPFLAGS += -std=c11 -D_GNU_SOURCE -Icommon -I/usr/include/libnl3
LDFLAGS	+= -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
LIBS	:= -levent_core -lseccomp -lsqlite3 -lnl-route-3 -lnl-3 -lbsd
COMPILE	= $(CC) $(CPPFLAGS) $(HARDEN) $(WARN) $(CFLAGS) -MMD -MP

# Programs, each from the file that has its main(); the rest is one archive.
MAINS	:= common/bootward.c common/bootwardctl.c common/store.c dhcpd/dhcpd.c \
	arpd/arpd.c tftpd/tftpd.c ksd/ksd.c ksd/ksgen.c
PROGS	:= $(patsubst %.c,$(O)/%,$(notdir $(MAINS)))
SRCS	:= $(wildcard common/*.c dhcpd/*.c arpd/*.c tftpd/*.c ksd/*.c)
LIBOBJS	:= $(patsubst %.c,$(OO)/%.o,$(filter-out $(MAINS),$(SRCS))) \
	$(OO)/common/parse.o
UNITS	:= $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/*_test.c))
TOOLS	:= $(patsubst tests/tools/%.c,$(O)/tests/%,$(wildcard tests/tools/*.c))
MANS	:= $(wildcard common/*.[58] dhcpd/*.8 arpd/*.8 tftpd/*.8 ksd/*.8)
SCRIPTS	:= $(wildcard etc/*.sh tests/*.sh tests/*/*.t tests/*/*.sh rc.d/* \
	etc/answers/*) .ci/run

all: $(PROGS)

$(OO)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(COMPILE) -c -o $@ $<

$(OO)/common/parse.c: common/parse.y
	@mkdir -p $(@D)
	@echo "yacc $<"
	@$(YACC) -o $@ $<

$(OO)/common/parse.o: $(OO)/common/parse.c Makefile
	@$(COMPILE) -c -o $@ $<

# Objects with one name in two folders would hide each other in an archive.
$(O)/lib.a: $(LIBOBJS)
	@test -z "$$(printf '%s\n' $(notdir $^) | sort | uniq -d)"
	@rm -f $@ && ar rcs $@ $^

define program
$(O)/$(basename $(notdir $(1))): $(OO)/$(1:.c=.o) $(O)/lib.a
	@echo "ld $$@"
	@$$(CC) $$(HARDEN) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program,$(m))))

$(UNITS): $(O)/tests/%: tests/unit/%.c tests/unit/unit.h $(O)/lib.a
$(TOOLS): $(O)/tests/%: tests/tools/%.c $(O)/lib.a
$(UNITS) $(TOOLS):
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(COMPILE) -I. -Itests/unit $(LDFLAGS) -o $@ $< $(O)/lib.a $(LIBS)

# Tests.  What is missing is fetched first; then everything runs under prove.
NETTESTS := $(wildcard tests/conf/*.t tests/sandbox/*.t tests/net/*.t \
	tests/conform/*.t tests/fault/*.t tests/boot/*.t tests/fuzz/*.t)

test:
	@sh tests/deps.sh test
	@sh tests/deps.sh users
	@$(MAKE) --no-print-directory all tools
	@$(MAKE) --no-print-directory check-unit check-net

tools: $(UNITS) $(TOOLS)

check-unit: tools
	prove -e '' $(sort $(UNITS))

check-net: all tools fuzzers
	prove -j $(JOBS) -e sh --timer $(sort $(NETTESTS))

# All of dhcpd but its sockets, with what clang can check while it runs.
FUZZ_RUNS ?= 200000
FUZZERS	:= $(patsubst tests/fuzz/%.c,$(O)/tests/%,$(wildcard tests/fuzz/*_fuzz.c))
WRAP	:= proc_send proc_send_many proc_step outbox_put fatal fatalx
$(O)/tests/arp_fuzz: WRAP += clock_now proc_event proc_timer proc_timer_set \
	proc_hostile send recvmsg recvmmsg arc4random arc4random_uniform \
	event_pending event_del event_free sendto getrandom

$(FUZZERS): $(O)/tests/%: tests/fuzz/%.c $(O)/lib.a
	@mkdir -p $(@D)
	@echo "ld $@"
	@$(COMPILE) -I. -Idhcpd -fsanitize=fuzzer $(LDFLAGS) \
	    $(WRAP:%=-Wl,--wrap=%) -o $@ $< $(O)/lib.a $(LIBS)

fuzzers:
	@$(MAKE) --no-print-directory O=$(O)/fuzz CC=clang-14 WARN=-w \
	    CFLAGS='-O1 -g -fno-omit-frame-pointer -U_FORTIFY_SOURCE \
	    -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all' $(FUZZERS:$(O)/%=$(O)/fuzz/%)

fuzz:
	@sh tests/deps.sh fuzz
	@$(MAKE) --no-print-directory fuzzers
	@BW_OBJ=$(abspath $(O)) sh tests/fuzz/run.sh dhcp $(FUZZ_RUNS)
	@BW_OBJ=$(abspath $(O)) sh tests/fuzz/run.sh arp $(FUZZ_RUNS)
	@BW_OBJ=$(abspath $(O)) sh tests/fuzz/run.sh conf $(FUZZ_RUNS)

demo:
	@sh tests/deps.sh demo
	@sh tests/deps.sh users
	@$(MAKE) --no-print-directory all tools
	@sh tests/demo.sh $(FIRMWARE)

bench:
	@sh tests/deps.sh bench
	@sh tests/deps.sh users
	@$(MAKE) --no-print-directory all tools
	@BW_OBJ=$(abspath $(O)) sh tests/bench/run.sh $(BENCH)

conform:
	@sh tests/deps.sh bench
	@sh tests/deps.sh users
	@$(MAKE) --no-print-directory all tools
	@BW_OBJ=$(abspath $(O)) sh tests/conform/run.sh all

lint:
	@sh tests/deps.sh lint
	@$(MAKE) --no-print-directory all tools
	cppcheck --quiet --error-exitcode=1 --std=c11 -D_GNU_SOURCE -D__GNUC__ \
	    -Icommon -I/usr/include/$(shell $(CC) -print-multiarch) \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress='*:/usr/include/*' $(SRCS)
	printf '%s\n' $(SRCS) | xargs -P 2 -I FILE sh -c \
	    'clang-tidy --quiet --warnings-as-errors="*" FILE -- $(CPPFLAGS) \
	    2>/dev/null || exit 255'
	shellcheck -s sh -x $(SCRIPTS)
	mandoc -Tlint -W warning $(MANS)

# Installation.
SBIN	= $(DESTDIR)$(PREFIX)/sbin
LIBEXEC	= $(DESTDIR)$(PREFIX)/libexec/bootward
MAN	= $(DESTDIR)$(PREFIX)/share/man
UNITDIR	= $(DESTDIR)$(PREFIX)/lib
SBINPROGS := bootward bootwardctl
LIBEXECPROGS := $(filter-out $(SBINPROGS),$(notdir $(PROGS)))

install: all
	install -d $(SBIN) $(LIBEXEC) $(MAN)/man5 $(MAN)/man8 \
	    $(DESTDIR)/etc/bootward/answers $(DESTDIR)/etc/bootward/images \
	    $(UNITDIR)/systemd/system \
	    $(UNITDIR)/sysusers.d $(UNITDIR)/tmpfiles.d \
	    $(DESTDIR)/srv/bootward/boot $(DESTDIR)/srv/bootward/www
	install -m 755 $(SBINPROGS:%=$(O)/%) $(SBIN)
	install -m 755 $(LIBEXECPROGS:%=$(O)/%) $(LIBEXEC)
	install -m 644 $(filter %.5,$(MANS)) $(MAN)/man5
	install -m 644 $(filter %.8,$(MANS)) $(MAN)/man8
	install -m 644 etc/systemd/* $(UNITDIR)/systemd/system
	install -m 644 etc/sysusers.d/bootward.conf $(UNITDIR)/sysusers.d
	install -m 644 etc/tmpfiles.d/bootward.conf $(UNITDIR)/tmpfiles.d
	sh etc/install.sh files "$(DESTDIR)"
	test -n "$(DESTDIR)" || sh etc/install.sh system

uninstall:
	rm -f $(SBINPROGS:%=$(SBIN)/%) $(LIBEXECPROGS:%=$(LIBEXEC)/%) \
	    $(patsubst %,$(MAN)/man5/%,$(notdir $(filter %.5,$(MANS)))) \
	    $(patsubst %,$(MAN)/man8/%,$(notdir $(filter %.8,$(MANS)))) \
	    $(patsubst etc/systemd/%,$(UNITDIR)/systemd/system/%,$(wildcard etc/systemd/*)) \
	    $(UNITDIR)/sysusers.d/bootward.conf $(UNITDIR)/tmpfiles.d/bootward.conf
	sh etc/install.sh remove "$(DESTDIR)"
	-rmdir $(LIBEXEC) 2>/dev/null

clean:
	rm -rf $(O)

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all test tools check-unit check-net demo fuzz fuzzers \
	bench lint install uninstall clean
.DELETE_ON_ERROR:
