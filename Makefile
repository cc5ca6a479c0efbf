# SPDX-License-Identifier: Apache-2.0
# One make, no recursion.  Everything built goes under build/.
#   make demo         install what is missing, build, run the main job
#   make check        the same set-up, then every quick test
#   make check-long   the fault injection at every point, and the rest
#   make bench        the table of performance ratios
#   make lint         layers, formatting, self-contained headers, analysis
#   make SAN=1 check  under address and undefined behaviour sanitizers
#   make V=1          show the commands

B := build$(if $(SAN),-san)
PREFIX ?= /usr/local
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
PACKAGES := gnutls nettle libarchive sqlite3 yaml-0.1 jansson

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE -Isrc -Wall -Wextra -Wshadow \
	-Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -Wno-format-truncation -fPIE \
	-fstack-protector-strong -fstack-clash-protection \
	$(if $(SAN),$(SANITIZE),-D_FORTIFY_SOURCE=2)
override LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(SAN),$(SANITIZE))
LDLIBS = $(shell pkg-config --libs $(PACKAGES))

core := $(patsubst %.c,$B/%.o,$(wildcard src/*/*.c))
unit := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/*_test.c))
quiet = $(if $(V),,@echo '  $(1)	$@';)

all: $B/certfleet

$B/certfleet: $B/src/main.o $B/libcertfleet.a
	$(call quiet,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$B/libcertfleet.a: $(core)
	$(call quiet,AR)rm -f $@; ar rcs $@ $^

$B/unit/%: $B/tests/unit/%.o $B/libcertfleet.a
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# -MMD -MP writes *.d next to each object; a changed flag rebuilds all.
$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/flags: FORCE
	@mkdir -p $B; echo '$(CC) $(CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS)' >$@

unit: $(unit)
	@for t in $(unit); do $$t || exit 1; done

clean:
	rm -rf build build-san

.PHONY: all unit clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(core:.o=.d) $(patsubst $B/unit/%,$B/tests/unit/%.d,$(unit))
