# SPDX-License-Identifier: Apache-2.0
#
# imprint.  `make help` lists the targets.  Variables: O= build folder, CC=, V=1 to see commands,
# SAN=address,undefined, PREFIX=, DESTDIR=, FUZZ_SECONDS=.

VERSION := 0.1.0
O       ?= build
CC      := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
PREFIX  ?= /usr/local
DESTDIR ?=
SAN     ?=
Q       := $(if $(V),,@)

# ---- what is built -----------------------------------------------------------------------------

LAYERS := base codec model reader crypto card flash ledger host link cmd
TOOLS  := applet-tools factory flash-images
SRC    := $(filter-out src/main.c,$(wildcard $(LAYERS:%=src/%/*.c) $(TOOLS:%=%/*.c)))
OBJ    := $(SRC:%.c=$(O)/%.o)
LIB    := $(O)/libimprint.a
BIN    := $(O)/imprint

FAKE   := $(wildcard tests/fake/*.c)
UNIT   := $(wildcard tests/unit/test_*.c tests/fault/test_*.c)
FUZZ   := $(wildcard tests/fuzz/fuzz_*.c)
E2E    := $(wildcard tests/e2e/test_*.sh)

# ---- flags -------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
	-Wcast-align -Wformat=2 -Wundef -Wvla -Walloca -Wmissing-prototypes -Wstrict-prototypes \
	-Wold-style-definition -Wwrite-strings -Wnull-dereference -Wswitch-enum -Wimplicit-fallthrough
ifneq (,$(findstring clang,$(CC)))
WARN += -Wcomma -Wshorten-64-to-32 -Wimplicit-int-conversion
else
WARN += -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
endif
HARD := -fstack-protector-strong -fno-strict-overflow -fno-delete-null-pointer-checks -fno-common -fPIE
ifeq (x86_64,$(shell uname -m))
HARD += -fstack-clash-protection -fcf-protection=full
endif
ifeq (,$(SAN))
HARD += -D_FORTIFY_SOURCE=3
OPT  ?= -O2 -g
else
OPT  ?= -O1 -g -fno-omit-frame-pointer
HARD += -fsanitize=$(SAN) -fno-sanitize-recover=all
LDSAN := -fsanitize=$(SAN)
endif
CPPFLAGS += -D_GNU_SOURCE -DIMP_VERSION='"$(VERSION)"' -Isrc -I. -isystem /usr/include/PCSC
CFLAGS   += -std=c11 $(OPT) $(WARN) $(HARD) -pthread
LDFLAGS  += -pie -pthread -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(LDSAN)
LDLIBS   += -lpcsclite -lsqlite3 -lcyaml -lyaml -ljansson -lcsv -lcrypto

# ---- product -----------------------------------------------------------------------------------

.DEFAULT_GOAL := all
.SUFFIXES:
.SECONDARY:

## Build the program (build/imprint)
all: $(BIN)
.PHONY: all

$(O)/%.o: %.c $(O)/.flags | $(DEPS)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Objects follow a change of compiler or flags.
$(O)/.flags: FORCE
	@mkdir -p $(O)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(CFLAGS)' > $@
FORCE:

$(LIB): $(OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $(OBJ)

$(BIN): $(O)/src/main.o $(LIB)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(LIB) $(LDLIBS) -o $@

# ---- tests -------------------------------------------------------------------------------------

TESTS := $(UNIT:%.c=$(O)/%)

$(O)/tests/%: $(O)/tests/%.o $(FAKE:%.c=$(O)/%.o) $(LIB)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(FAKE:%.c=$(O)/%.o) $(LIB) -lcmocka $(LDLIBS) -o $@

-include $(OBJ:.o=.d) $(O)/src/main.d $(TESTS:=.d) $(FAKE:%.c=$(O)/%.d)
