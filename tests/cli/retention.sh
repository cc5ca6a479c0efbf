#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `keep` removes old bundles, but none with a key that would be lost.
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
cat >certfleet.yaml <<END
certfleet: 1
fleet: plain
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}, keep: 2}
issuers:
  ca: {subject: "CN=Plain CA"}
certificates:
  site: {subject: "CN=site.example.test", names: [site.example.test], issuer: ca}
  other: {subject: "CN=other.example.test", names: [other.example.test], issuer: ca}
components:
  one: {certificate: site, deliver: {files: {directory: tls/one}}}
  two: {certificate: other, deliver: {files: {directory: tls/two}}}
END
days=0
cf_at() { # DAYS ARGS...: as if it were then
	days=$1
	shift
	# the library of faketime stands before a sanitizer's
	out=$(ASAN_OPTIONS=verify_asan_link_order=0 FAKETIME_DONT_FAKE_MONOTONIC=1 timeout 120 faketime -f "+${days}d" "$CERTFLEET" "$@" 2>&1 </dev/null)
	status=$?
	printf '%s\n' "--- +$days: certfleet $* -> $status" "$out" >>run/transcript
}
bundles() { find backups -name '*.zip' -printf '%f\n' | sort; }
count() { bundles | wc -l; }

cf_at 0 apply --yes
is $status 0 "an apply"
first=$(bundles)
cf_at 1 backup create
cf_at 2 backup create
is "$(count)" 2 "of three bundles with the same keys the newest two stay"
hasnt "$(bundles)" "$first" "the first one goes"

# ---- a key that is still in use, though its certificate has ended ----
cf_at 100 apply --yes --target two
is $status 0 "one certificate is renewed, another one has ended and is still installed"
third=$(bundles | sed -n 1p)
is "$third" "$(ls backups/*-"$(date -u -d "+2 days" +%Y%m%d)"T*.zip | xargs -n1 basename)" "the bundle that has the ended one's key"
cf_at 101 backup create
has "$out" "bundle '$third' is kept: no newer one holds a key of 'site'" "stays, as is said"
cf_at 102 backup create
is "$(bundles | head -1)" "$third" "for as long as it is installed"
is "$(count)" 3 "beside the newest two"
cf_at 103 apply --yes
is $status 0 "when that one is renewed as well"
cf_at 104 backup create
hasnt "$(bundles)" "$third" "nobody has the old key, and the bundle goes"
is "$(count)" 2 "the newest two stay"

# ---- keys of a state that was lost ----
newest=$(bundles | tail -1)
rm -rf .certfleet
cf_at 105 apply --yes --ack state-missing --ack foreign-authority
is $status 0 "a new state"
is "$(count)" 2 "the older of two bundles with the same lost keys goes"
cf_at 106 backup create
has "$out" "bundle '$newest' is kept: no newer one holds a key of" "the last one stays"
cf_at 107 backup create
cf_at 108 backup create
has "$(bundles)" "$newest" "for as long as they are valid"
is "$(count)" 3 "beside the newest two"
finish
