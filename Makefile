# bootward: everything is built from here into obj/.  GNU make.
#
#	make			build
#	make test		unit, configuration, namespace, boot tests (root)
#	make demo [FIRMWARE=uefi]	a real machine from power-on to its answers
#	make lint		compilers' and checkers' opinions
#	make install [DESTDIR= PREFIX=/usr]	make uninstall

PREFIX	?= /usr
CC	?= gcc
YACC	?= bison -y
O	:= obj

WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wundef
HARDEN	:= -fPIE -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -D_FORTIFY_SOURCE=3 -fno-strict-aliasing
CFLAGS	?= -O2 -g
CPPFLAGS += -std=c11 -D_GNU_SOURCE -Icommon -I/usr/include/libnl3
LDFLAGS	+= -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
LIBS	:= -levent_core -lseccomp -lsqlite3 -lnl-route-3 -lnl-3 -lbsd

# Programs, each from the file that has its main(); the rest is one archive.
MAINS	:= common/bootward.c common/bootwardctl.c common/store.c dhcpd/dhcpd.c \
	arpd/arpd.c tftpd/tftpd.c ksd/ksd.c ksd/ksgen.c
PROGS	:= $(patsubst %.c,$(O)/%,$(notdir $(MAINS)))
SRCS	:= $(wildcard common/*.c dhcpd/*.c arpd/*.c tftpd/*.c ksd/*.c)
LIBSRCS	:= $(filter-out $(MAINS),$(SRCS))
LIBOBJS	:= $(LIBSRCS:%.c=$(O)/%.o) $(O)/common/parse.o
UNITS	:= $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/*_test.c))
TOOLS	:= $(patsubst tests/tools/%.c,$(O)/tests/%,$(wildcard tests/tools/*.c))

all: $(PROGS)

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(HARDEN) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/common/parse.c: common/parse.y
	@mkdir -p $(@D)
	$(YACC) -o $@ common/parse.y

$(O)/common/parse.o: $(O)/common/parse.c Makefile
	$(CC) $(CPPFLAGS) $(HARDEN) $(WARN) $(CFLAGS) -MMD -MP -c -o $@ $<

# Objects with one name in two folders would hide each other in an archive.
$(O)/lib.a: $(LIBOBJS)
	@test -z "$$(printf '%s\n' $(notdir $^) | sort | uniq -d)"
	rm -f $@ && ar rcs $@ $^

define program
$(O)/$(basename $(notdir $(1))): $(O)/$(1:.c=.o) $(O)/lib.a
	$$(CC) $$(HARDEN) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(foreach m,$(MAINS),$(eval $(call program,$(m))))

$(UNITS): $(O)/tests/%: tests/unit/%.c tests/unit/unit.h $(O)/lib.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -I. -Itests/unit $(HARDEN) $(WARN) $(CFLAGS) \
	    $(LDFLAGS) -o $@ $< $(O)/lib.a $(LIBS)

$(TOOLS): $(O)/tests/%: tests/tools/%.c $(O)/lib.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -I. $(HARDEN) $(WARN) $(CFLAGS) $(LDFLAGS) \
	    -o $@ $< $(O)/lib.a $(LIBS)

clean:
	rm -rf $(O)

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all clean
.DELETE_ON_ERROR:
