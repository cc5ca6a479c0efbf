#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No authority is replaced unasked, whatever was lost.
. "$(dirname "$0")/lib.sh"
. "$root/tests/e2e/fixture.sh"
ca_key() { openssl x509 -in trust/ca.pem -noout -pubkey; }
three_components
cf apply --yes
is $status 0 "the trio is set up"
key=$(ca_key)
leaf=$(served "$one")

# ---- a fresh checkout: git holds neither the state nor the bundles, nor what tells of them ----
rm certfleet.lineage
mv .certfleet kept-state
mv backups kept-backups
cf apply --yes
is $status 3 "K1: a checkout without state and bundles asks before it replaces the authority"
has "$out" "foreign-authority ca" "K1: by the code of DESIGN"
has "$out" "'trust/ca.pem' holds" "K1: the published file is named"
has "$out" "component 'one': the installed leaf" "K1: and a component that has a leaf of it"
is "$(ca_key)" "$key" "K1: what is published is what it was"
is "$(served "$one")" "$leaf" "K1: and so is what is served"
[ ! -e .certfleet ]
ok $? "K1: no state was made"
mv trust/ca.pem kept.pem
cf apply --yes
is $status 3 "K1: without the published file the components alone are enough"
is "$(served "$one")" "$leaf" "K1: nothing was replaced"
mv kept.pem trust/ca.pem
for there in tls/one tls/two; do mv "$there" "$there.away"; done
mv tls/three.crt tls/three.away
cf apply --yes
has "$out" "component 'two': the served leaf" "K1: and so is what is served alone"
is $status 3 "K1: of files that are gone"
for there in tls/one tls/two; do rm -rf "$there"; mv "$there.away" "$there"; done
mv tls/three.away tls/three.crt
cf plan --confined
has "$out" "acknowledge *foreign-authority ca" "K1: a confined plan sees the published file"

cf apply --yes --ack foreign-authority
is $status 0 "K1: acknowledged it is done"
[ "$(ca_key)" != "$key" ]
ok $? "K1: by another authority"
cp trust/ca.pem new.pem

# ---- what was accepted asks no more; what was not does ----
git_ca=$(openssl x509 -in <(openssl x509 -in new.pem) -noout -fingerprint)
rm certfleet.lineage
mkdir -p other && mv .certfleet other/state && mv backups other/backups
mv kept-state .certfleet
mv kept-backups backups
cf plan
has "$out" "acknowledge *foreign-authority ca" "K1: the first checkout does not take it back unasked either"
cf apply --yes --ack foreign-authority
is $status 0 "K1: acknowledged the first authority is back"
is "$(ca_key)" "$key" "K1: with its key"
cp new.pem trust/ca.pem
cf apply --yes
is $status 0 "K1: what was accepted once does not ask again"
is "$(ca_key)" "$key" "K1: and is replaced"
is "$git_ca" "$(openssl x509 -in new.pem -noout -fingerprint)" "the other one is another"

# ---- an issuer that appears with the subject of one that leaves ----
sed -i 's/^  ca: {/  authority: {/; s/issuer: ca}/issuer: authority}/' certfleet.yaml
cf apply --yes
is $status 3 "K1: an issuer with a new name and the same subject asks"
has "$out" "issuer-replaced authority" "K1: by the code of DESIGN"
has "$out" "was: ca" "K1: and the remedy is a rename"
is "$(ca_key)" "$key" "K1: nothing was replaced"

# ---- with 'was' it is the same one, and that is recorded ----
sed -i 's/^  authority: {/  authority: {was: ca, /' certfleet.yaml
cf plan --detailed-exitcode
is $status 2 "K2: a rename alone is something to do"
has "$out" "issuer ca -> authority" "K2: and the plan shows it"
cf apply --yes
is $status 0 "K2: it is recorded"
has "$out" "run " "K2: by a run"
sed -i 's/was: ca, //' certfleet.yaml
cf plan --detailed-exitcode
is $status 0 "K2: without 'was' nothing is to do any more"
is "$(ca_key)" "$key" "K2: the authority is the same"
python3 - <<'END'
import re
text = open("certfleet.yaml").read()
text = text.replace("  site: {", "  shop: {was: site, ").replace("certificate: site", "certificate: shop")
text = text.replace("  one:\n    role: web", "  first:\n    was: one\n    role: web")
open("certfleet.yaml", "w").write(text)
END
cf apply --yes
is $status 0 "K2: a certificate and a component get new names"
has "$out" "certificate site -> shop" "K2: both are told"
has "$out" "component one -> first" "K2: both are told, the component as well"
sed -i 's/was: site, //; /was: one/d' certfleet.yaml
cf apply --yes
is $status 0 "K2: without 'was' nothing is issued or forgotten"
has "$out" "nothing to do" "K2: since all of it was recorded"
is "$(ca_key)" "$key" "K2: and the authority is still the same"
finish
