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

LAYERS := base codec model reader crypto card flash bootstrap ledger host link cmd
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
CPPFLAGS += -D_GNU_SOURCE -DIMP_DATADIR='"$(PREFIX)/share/imprint"' -DIMP_VERSION='"$(VERSION)"' -Isrc -I. -isystem /usr/include/PCSC
CFLAGS   += -std=c11 $(OPT) $(WARN) $(HARD) -pthread
LDFLAGS  += -pie -pthread -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(LDSAN)
LDLIBS   += -lpcsclite -lusb-1.0 -lsqlite3 -lcyaml -lyaml -ljansson -lcsv -lcoap-3-gnutls -lgnutls -lcrypto

# ---- product -----------------------------------------------------------------------------------

.DEFAULT_GOAL := all
.SUFFIXES:
.SECONDARY:

## Build the program (build/imprint)
all: $(BIN)
.PHONY: all

$(O)/%.o: %.c $(O)/.flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Objects follow a change of compiler or flags.
$(O)/.flags: FORCE
	@mkdir -p $(O)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CPPFLAGS) $(CFLAGS)' > $@
FORCE:
.PHONY: FORCE

$(LIB): $(OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $(OBJ)

$(BIN): $(O)/src/main.o $(LIB)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(LIB) $(LDLIBS) -o $@

# ---- tests -------------------------------------------------------------------------------------

TESTS := $(UNIT:%.c=$(O)/%)
FAKES := $(FAKE:%.c=$(O)/%.o)

$(O)/tests/%: $(O)/tests/%.o $(FAKES) $(LIB)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(FAKES) $(LIB) -lcmocka $(LDLIBS) -o $@

# Readers for tests/e2e/test_ccid.sh: the one program that needs umockdev.
BENCH := $(O)/tests/usb/ccid_bench
$(BENCH).o: private CPPFLAGS += $(subst -I,-isystem ,$(shell pkg-config --cflags umockdev-1.0))
$(BENCH): $(BENCH).o $(FAKES) $(LIB)
	$(if $(V),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(FAKES) $(LIB) -lcmocka $(LDLIBS) \
		-lumockdev -lgobject-2.0 -lglib-2.0 -o $@

tests: $(TESTS) $(BENCH)
.PHONY: tests

## Install what is missing, build, and run every test that needs Debian packages only
check:
	@.ci/install
	$(Q)$(MAKE) --no-print-directory O=$(O) CC=$(CC) all tests
	$(Q)O=$(O) tests/run.sh $(TESTS) -- $(E2E)
.PHONY: check

# The unit and fault tests alone, without installing anything.
check-unit: tests
	$(Q)O=$(O) tests/run.sh $(TESTS)
.PHONY: check-unit

## Unit and fault tests under AddressSanitizer and UndefinedBehaviorSanitizer (clang)
check-asan:
	$(Q)$(MAKE) --no-print-directory O=$(O)/asan CC=clang SAN=address,undefined all tests
	$(Q)O=$(O)/asan tests/run.sh $(TESTS:$(O)/%=$(O)/asan/%)
.PHONY: check-asan

# Sweeps of elliptic-curve operations take minutes under valgrind; AddressSanitizer has them.
SLOW := test_keycheck test_issuer test_maker test_softcard

## Unit tests under valgrind
check-valgrind: tests
	$(Q)O=$(O) WRAP='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
		tests/run.sh $(filter-out $(SLOW:%=$(O)/tests/unit/%) $(O)/tests/fault/%,$(TESTS))
.PHONY: check-valgrind

FUZZ_SECONDS ?= 0
FUZZERS := $(FUZZ:tests/fuzz/%.c=%)

# One library for all of them; the sub-make knows what is old.
$(O)/fuzz/libimprint.a: FORCE
	$(Q)$(MAKE) --no-print-directory O=$(O)/fuzz CC=clang SAN=fuzzer-no-link,address,undefined $@

$(O)/fuzz/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(O)/fuzz/libimprint.a
	$(if $(V),,@echo "  LINK    $@")
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$< $(O)/fuzz/libimprint.a $(LDLIBS) -pthread -o $@

## Replay every fuzz corpus; FUZZ_SECONDS=n also searches n seconds per target
check-fuzz: $(FUZZERS:%=$(O)/fuzz/tests/fuzz/%)
	$(Q)O=$(O)/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(FUZZERS)
.PHONY: check-fuzz

## 24 devices by three profiles, two smartcards behind a real pcscd; every device boots
demo:
	@.ci/install
	$(Q)$(MAKE) --no-print-directory O=$(O) CC=$(CC) all
	$(Q)O=$(O) tests/demo.sh
.PHONY: demo

## Rates of the pipelines as ratios to what this machine can do in the same run
bench: $(BIN) $(patsubst %.c,$(O)/%,$(wildcard tests/bench/bench_*.c))
	$(Q)O=$(O) tests/bench/run.sh
.PHONY: bench

## Code, RAM and stack of the device reader on Cortex-M0+, against its budget
size:
	$(Q)O=$(O)/device tests/device/size.sh
	$(Q)O=$(O)/device tests/device/symbols.sh
.PHONY: size

## The reader as two files (build/amalgam), compiled for every device we know, its sizes compared
amalgam:
	$(Q)O=$(O) tests/device/amalgam.sh
	$(Q)O=$(O) tests/device/sizes.sh
.PHONY: amalgam

## The reader in emulated devices, on images that the tools wrote
boot-test:
	@.ci/install packages packages-boot
	$(Q)$(MAKE) --no-print-directory O=$(O) CC=$(CC) all
	$(Q)O=$(O) tests/boot/run.sh
.PHONY: boot-test

## Bootstrap and registration with software that others wrote (Leshan, npm's coap, GnuTLS, OpenSSL)
interop:
	@.ci/install
	$(Q)$(MAKE) --no-print-directory O=$(O) CC=$(CC) all
	$(Q)O=$(O) tests/interop/run.sh
.PHONY: interop

## Line coverage of the unit and fault tests (build/cov)
cov:
	$(Q)$(MAKE) --no-print-directory O=$(O)/cov OPT='-O0 -g --coverage' LDSAN=--coverage tests
	$(Q)O=$(O)/cov tests/run.sh $(TESTS:$(O)/%=$(O)/cov/%)
	$(Q)tests/cov.sh $(O)/cov
.PHONY: cov

## Layers, headers alone, man pages, format, shell scripts, cppcheck, clang-tidy, -fanalyzer
lint: $(BIN)
	$(Q)O=$(O) tests/lint/run.sh
.PHONY: lint

# ---- product on a machine ------------------------------------------------------------------------

MAN := $(wildcard src/man/*.1 src/man/*.5)

## Install the program, man pages, layouts, example profiles and bash completion
install: $(BIN)
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/imprint
	for m in $(MAN); do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	for l in flash-images/layouts/*.yaml; do install -D -m 644 $$l $(DESTDIR)$(PREFIX)/share/imprint/layouts/$${l##*/}; done
	for p in factory/profiles/*; do test ! -f $$p || install -D -m 644 $$p $(DESTDIR)$(PREFIX)/share/doc/imprint/profiles/$${p##*/}; done
	mkdir -p $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BIN) completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/imprint
	install -D -m 644 src/reader/imr.h $(DESTDIR)$(PREFIX)/include/imr.h
.PHONY: install

## Remove what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/imprint $(DESTDIR)$(PREFIX)/include/imr.h
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/imprint
	for m in $(MAN); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	rm -rf $(DESTDIR)$(PREFIX)/share/imprint $(DESTDIR)$(PREFIX)/share/doc/imprint
.PHONY: uninstall

## A Debian package in build/
deb: $(BIN)
	$(Q)O=$(O) VERSION=$(VERSION) tests/deb.sh
.PHONY: deb

## Remove build and demo folders
clean:
	rm -rf $(O) demo
.PHONY: clean

## Show this help
help:
	@awk '/^## /{d=substr($$0,4);next} d&&/^[a-z][a-z0-9-]*:/{sub(/:.*/,"");printf "  %-14s %s\n",$$0,d;d=""}' $(MAKEFILE_LIST)
.PHONY: help

-include $(OBJ:.o=.d) $(O)/src/main.d $(TESTS:=.d) $(BENCH).d $(FAKES:.o=.d)
