#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fleet file alone is read; every mistake is shown; the schema is kept.
. "$(dirname "$0")/lib.sh"
plain_fleet
cf_out validate
is $status 0 "a good file"
has "$out" "1 issuer, 1 certificate, 2 components" "it is counted"
cf_out validate --quiet
is "$out" "" "--quiet says nothing"
cf validate missing.yaml
is $status 65 "a file that is not there: 65"
has "$out" "missing.yaml" "and it is named"
cat >bad.yaml <<END
certfleet: 1
fleet: bad
backup: {passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
isuers: {}
certificates:
  a: {subject: "CN=a", issuer: nobody}
END
cf_out validate bad.yaml
is $status 65 "a bad file: 65"
is "$out" "" "nothing on stdout"
said=$(cat run/said)
has "$said" "bad.yaml:4:1: " "the first mistake, with its position"
has "$said" "did you mean 'issuers'" "with the word that was meant"
has "$said" "bad.yaml:6:" "the second one, in the same run"
has "$said" "2 mistakes" "they are counted"
[ ! -e .certfleet ] && [ ! -e backups ]; ok $? "nothing was made"
cf_out schema
is "$out" "$(cat "$root/schemas/fleet.schema.json")" "the kept schema is the one that is printed"
finish
