# SPDX-License-Identifier: Apache-2.0
# One make, no recursion.  Everything built goes under build/.
#   make demo         install what is missing, build, run the main job
#   make check        the same set-up, then every quick test
#   make check-long   fault injection at every point and make fuzz as well
#   make bench        a table of performance ratios
#   make fuzz         each parser on broken bytes: FUZZ_S=20 seconds, ONLY=NAME
#   make check-debian13  make check in a Debian 13 made below build/; as root
#   make deb          Debian packages in build/deb
#   make check-deb    those of Debian 12 and 13: built, looked at, installed; as root
#   make lint         layers, formatting, self-contained headers, analysis
#   make SAN=1 check  under address and undefined behaviour sanitizers
#   make SAN=thread build-tsan/unit/NAME_test  under the thread sanitizer; where it
#                     does not start, run with `setarch -R`
#   make V=1          show the commands

B := build$(if $(SAN),-$(if $(filter thread,$(SAN)),tsan,san))$(if $(FUZZ),-fuzz)
PREFIX ?= /usr/local
comma := ,
# NULL + 0 is what an empty array gives (and C2y allows).
FUZZING := -fsanitize=fuzzer-no-link -fno-sanitize=pointer-overflow
SANITIZE := $(if $(filter thread,$(SAN)),-fsanitize=thread, \
	-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined) \
	-fno-omit-frame-pointer $(if $(FUZZ),$(FUZZING))
FUZZ_CC := clang
LIBRARIES := gnutls nettle libarchive libcurl libssh2 sqlite3 yaml-0.1 jansson \
	libmicrohttpd libxml-2.0

# Debian packages: to build, to run the demo, to run every test.
BUILD_PACKAGES := gcc libc6-dev make pkg-config libgnutls28-dev nettle-dev \
	libarchive-dev libcurl4-gnutls-dev libssh2-1-dev libsqlite3-dev \
	libyaml-dev libjansson-dev libmicrohttpd-dev libxml2-dev tzdata
DEMO_PACKAGES := $(BUILD_PACKAGES) nginx gnutls-bin iproute2
TEST_PACKAGES := $(DEMO_PACKAGES) libcmocka-dev perl openssl p7zip-full jq \
	curl sqlite3 strace faketime xxd time procps man-db mandoc python3 unzip \
	libxml2-utils \
	python3-yaml python3-jsonschema ca-certificates systemd libseccomp2 prometheus \
	zsh fish ansible-core python3-kubernetes
# Servers of products for tests/e2e; one that cannot be had is left out.
SERVER_PACKAGES := apache2-bin postgresql mosquitto stunnel4 redis-server \
	haproxy caddy etcd-server tomcat10-admin dovecot-imapd dovecot-submissiond \
	dovecot-pop3d dovecot-managesieved vsftpd mariadb-server-core prosody \
	slapd openssh-server
# A browser for the page of `status --html`; without one its test is left out.
SERVER_PACKAGES += chromium
LINT_PACKAGES := python3 $(BUILD_PACKAGES) clang-format cppcheck
DEB_PACKAGES := $(BUILD_PACKAGES) build-essential dpkg-dev debhelper fakeroot lintian
FUZZ_PACKAGES := clang libcmocka-dev # and clang's libclang-rt-VERSION-dev

CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu17 -D_GNU_SOURCE -Isrc -Wall -Wextra -Wshadow \
	-Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-missing-field-initializers -fPIE \
	$(if $(FUZZ),,-Wno-format-truncation) \
	-fstack-protector-strong -fstack-clash-protection \
	$(if $(SAN)$(FUZZ),$(SANITIZE),-D_FORTIFY_SOURCE=2)
override LDFLAGS += -pie -Wl,-z,relro,-z,now $(if $(SAN)$(FUZZ),$(SANITIZE))
LDLIBS = $(eval LDLIBS := $(shell pkg-config --libs $(LIBRARIES)))$(LDLIBS)

core := $(patsubst %.c,$B/%.o,$(wildcard src/*/*.c))
fixtures := $(patsubst %.c,$B/%.o,$(filter-out %_test.c,$(wildcard tests/unit/*.c)))
unit := $(patsubst tests/%.c,$B/%,$(wildcard tests/unit/*_test.c))
manual := $(patsubst src/manual/%.in,$B/man/%,$(wildcard src/manual/*.in))
# all but the demo, which is for the checkout
installed_examples := agent ansible appmon appmon/parts disaster-recovery github-actions \
	gitlab-ci kubernetes notify pre-commit recipes systemd
bench := $(patsubst tests/%.c,$B/%,$(wildcard tests/bench/*.c))
fuzz := $(patsubst tests/%.c,$B/%,$(filter-out %/harness.c, \
	$(wildcard tests/fuzz/*.c)))
# What tests/fuzz/harness.c has in its place.
wrapped := clock_now random_bytes getrandom sandbox_work_all \
	gnutls_pkcs8_info gnutls_pkcs12_verify_mac libssh2_session_hostkey \
	libssh2_hostkey_hash libssh2_knownhost_checkp
quiet = $(if $(V),,@echo '  $(1)	$@';)
archive = $(call quiet,AR)rm -f $@ && $(AR) rcs $@ $^
link = $(call quiet,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ \
	$(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

all: $B/certfleet $(manual)

$B/certfleet: $B/src/main.o $B/core.a
	$(link)

$B/manual: $B/src/manual.o $B/core.a
	$(link)
$B/man/%: src/manual/%.in $B/manual
	@mkdir -p $(@D)
	$(call quiet,MAN)$B/manual $< >$@

# What a test does not use is not linked to it.
$B/core.a: $(core)
	$(archive)
$B/test.a: $(fixtures)
	$(archive)

$B/unit/%: $B/tests/unit/%.o $B/test.a $B/core.a
	@mkdir -p $(@D)
	$(link) -lcmocka

$B/bench/%: $B/tests/bench/%.o $B/core.a
	@mkdir -p $(@D)
	$(link)

$B/fuzz/agent_http: wrapped += MHD_start_daemon MHD_get_connection_info \
	tls_server_take
$B/fuzz/fleet: wrapped += range_count
$B/fuzz/link: wrapped += gnutls_handshake gnutls_record_recv \
	gnutls_alpn_get_selected_protocol gnutls_session_channel_binding
$B/fuzz/saved_plan: $B/tests/unit/plan_fixture.o
$B/fuzz/small_files: wrapped += pidfd_open
$B/fuzz/talk_%: wrapped += loop_sleep loop_is_stopped
$B/fuzz/ssh_output: wrapped += loop_wait libssh2_channel_read_ex \
	libssh2_session_block_directions
$B/fuzz/%: $B/tests/fuzz/%.o $B/tests/fuzz/harness.o $B/core.a
	@mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(wrapped:%=-Wl,--wrap=%)

# It holds the page's files.
$B/src/report/status_html.o: $(wildcard src/report/status_page.*)

# Its headers have a folder of their own.
$B/src/appmon/%.o: override CFLAGS += $(shell pkg-config --cflags libxml-2.0)

# -MMD -MP writes *.d next to each object; a changed flag rebuilds all.
$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/flags: FORCE
	@mkdir -p $B; echo '$(CC) $(CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(CFLAGS)' >$@

deps: ; @tests/setup.sh $(BUILD_PACKAGES)
deps-demo: ; @tests/setup.sh $(DEMO_PACKAGES)
deps-test:
	@tests/setup.sh $(TEST_PACKAGES) $(SERVER_PACKAGES) || { \
		tests/setup.sh $(TEST_PACKAGES) && \
		for package in $(SERVER_PACKAGES); do \
			tests/setup.sh $$package || \
			echo "SKIPPED: tests with $$package, cannot be installed"; \
		done; }
	@tests/npm.sh $B/npm s3rver@3.7.1
	@tests/npm.sh $B/npm playwright-core@1.49.1
deps-fuzz: ; @tests/setup.sh $(BUILD_PACKAGES) $(FUZZ_PACKAGES) && \
	tests/setup.sh libclang-rt-$$(clang -dumpversion | cut -d. -f1)-dev
deps-deb: ; @tests/setup.sh $(DEB_PACKAGES)
deps-lint: ; @tests/setup.sh $(LINT_PACKAGES)

# The set-up comes first, so the rest is a second make that finds it there.
demo: deps-demo
	@$(MAKE) --no-print-directory all
	@examples/demo/run.sh $B/certfleet $B/demo

check: deps-test
	@$(MAKE) --no-print-directory all $(unit)
	@tests/run.sh $B

check-long: deps-test
	@$(MAKE) --no-print-directory all $(unit)
	@EVERY=1 TEST_TIMEOUT=14400 tests/run.sh $B
	@[ '$(ONLY)' ] || $(MAKE) --no-print-directory fuzz

fuzz: deps-fuzz
	@$(MAKE) --no-print-directory FUZZ=1 SAN= CC='$(FUZZ_CC)' fuzz-targets
	@tests/fuzz/run.sh build-fuzz
fuzz-targets: $(fuzz)

check-debian13:
	@tests/setup.sh debootstrap
	@tests/debian.sh trixie

deb: deps-deb ; @src/debian/build.sh $B/deb
check-deb:
	@tests/setup.sh debootstrap
	@for release in bookworm trixie; do \
		tests/debian.sh $$release make deb && \
		tests/debian.sh $$release sh -c \
			'lintian --allow-root --fail-on error,warning $B/deb/*.changes' && \
		CLEAN=1 tests/debian.sh $$release tests/deb/installed.sh || exit 1; \
	done

bench: deps-test
	@$(MAKE) --no-print-directory all $(bench)
	@CERTFLEET=$(CURDIR)/$B/certfleet BENCH=$(CURDIR)/$B/bench \
		tests/bench/run.sh

lint: deps-lint
	tests/lint/layers.sh
	tests/lint/tree.sh
	tests/lint/names.py
	tests/lint/headers.sh $(CC) $(CFLAGS)
	clang-format --dry-run --Werror src/*.c src/*/*.[ch] \
		tests/unit/*.[ch] tests/bench/*.c tests/fuzz/*.[ch]
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--suppressions-list=tests/lint/cppcheck --enable=warning,portability \
		-D_GNU_SOURCE -Isrc src tests/fuzz

schemas: all
	$B/certfleet schema >schemas/fleet.schema.json
	$B/certfleet schema --agent >schemas/agent.schema.json

install: all
	install -Dm755 $B/certfleet $(DESTDIR)$(PREFIX)/bin/certfleet
	for page in $(manual); do install -Dm644 -t \
		$(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $$page; done
	install -Dm644 -t $(DESTDIR)$(PREFIX)/share/certfleet schemas/*
	$B/certfleet completion bash | install -Dm644 /dev/stdin \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/certfleet
	$B/certfleet completion zsh | install -Dm644 /dev/stdin \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_certfleet
	$B/certfleet completion fish | install -Dm644 /dev/stdin \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/certfleet.fish
	for folder in $(installed_examples); do install -Dm644 -t \
		$(DESTDIR)$(PREFIX)/share/certfleet/$$folder examples/$$folder/*.*; done
	chmod 755 $(DESTDIR)$(PREFIX)/share/certfleet/recipes/*.sh
	sed -i 's#/usr/local/#$(PREFIX)/#' $(DESTDIR)$(PREFIX)/share/man/*/certfleet* \
		$(DESTDIR)$(PREFIX)/share/certfleet/*/*.service

clean:
	rm -rf build build-san build-tsan build-fuzz

.PHONY: all deps deps-demo deps-test deps-lint demo check check-long check-debian13 bench \
	deb deps-deb check-deb deps-fuzz fuzz fuzz-targets lint schemas install clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(wildcard $B/src/*.d $B/src/*/*.d $B/tests/*/*.d)
