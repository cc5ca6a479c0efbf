#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The state as such: its seal.
. "$(dirname "$0")/lib.sh"

# ---- a key file seals it ----
plain_fleet
sed -i 's/^fleet: .*/&\nstate: {seal: {key_file: secrets\/seal.key}}/' certfleet.yaml
cf apply --yes
is $status 65 "a key file that is not there: 65"
has "$out" "secrets/seal.key" "and it is named"
head -c 31 /dev/urandom >secrets/seal.key
chmod 600 secrets/seal.key
cf apply --yes
is $status 65 "a key file of 31 bytes: 65"
has "$out" "31 bytes; it must hold exactly 32" "with its size and what it should be"
{ head -c 31 /dev/urandom; echo; } >secrets/seal.key
chmod 644 secrets/seal.key
cf apply --yes
is $status 65 "a key file that others can read: 65"
has "$out" "chmod" "with its remedy"
chmod 600 secrets/seal.key
cf apply --yes
is $status 0 "a key file of 32 bytes, the last one a newline"
has "$(sqlite3 .certfleet/state.db "select value from record where key = 'meta'")" hkdf-sha256 "is what seals the state"
cf apply --yes
is $status 0 "and opens it again"
has "$out" "nothing to do" "with nothing to do"
cp secrets/seal.key run/seal.key
head -c 32 /dev/urandom >secrets/seal.key
cf apply --yes
is $status 65 "another key file: 65"
has "$out" "the key file does not open the state" "and it says so"
cp run/seal.key secrets/seal.key
sed -i '/^state:/d' certfleet.yaml
cf apply --yes
is $status 65 "the passphrase instead of the key file: 65"
has "$out" "sealed under a key file, not under a passphrase" "and it says so"
finish
