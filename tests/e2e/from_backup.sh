#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --from-backup: back to last week, as a plan like any other; and the whole fleet out of
# one bundle when the state is gone.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
free_port front
free_port back
old_directory front
old_directory back
cat >fleet.head <<END
certfleet: 1
fleet: last-week
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
issuers:
  ca: {subject: "CN=CA of last week", publish: trust/ca.pem, validity: 10y}
certificates:
  shop: {subject: "CN=shop.example.test", issuer: ca, validity: 90d, renew_before: 30d}
END
cat >fleet.tail <<END
components:
  front:
    certificate: shop
    deliver: {files: {directory: tls/front}}
    activate: {signal: HUP, pidfile: run/front.pid}
    verify: {tls: "127.0.0.1:$front", server_name: shop.example.test}
END
cat fleet.head fleet.tail >certfleet.yaml
start_nginx front "$front"
start_nginx back "$back"
cf apply --yes
is $status 0 "a certificate is installed"
first=$(installed tls/front/fullchain.pem)
old=$(cd backups && ls ./*.zip)
old=${old#./}
cp "backups/$old" run/week.zip
cf apply --yes --reissue shop
is $status 0 "and another one"
second=$(installed tls/front/fullchain.pem)
[ "$first" != "$second" ]
ok $? "with another key"

cf plan --from-backup "$old"
is $status 0 "a plan from the bundle"
has "$out" "From the bundle: $old" "says where it comes from"
has "$out" "installed ${second:0:12} -> ${first:0:12}" "and what it goes back to"
hasnt "$out" "issue " "and issues nothing"
cf plan --from-backup "$old" --out week.plan
has "$out" "apply week.plan --file certfleet.yaml --from-backup $old" "a saved one tells its command"
cf apply week.plan
is $status 5 "which is refused without the bundle"
cf apply --yes --from-backup "$old" --reissue shop
is $status 64 "--reissue is another thing"
cf apply --yes --from-backup no.zip
is $status 1 "a bundle that is not there"
has "$out" "no.zip" "is named"
cp run/week.zip run/bad.zip
printf x | dd of=run/bad.zip bs=1 seek=3000 conv=notrunc 2>/dev/null
cf apply --yes --from-backup run/bad.zip
is $status 65 "a damaged one is refused"
CERTFLEET_BACKUP_PASSPHRASE='quite another passphrase 23' cf plan --from-backup "$old"
is $status 65 "a wrong passphrase too"
printf 'quite another passphrase 23' >secrets/wrong
chmod 600 secrets/wrong
cf plan --from-backup "$old" --passphrase-file secrets/wrong
is $status 65 "also from a file"
is "$(installed tls/front/fullchain.pem)" "$second" "nothing of it changed anything"

cf apply week.plan --from-backup "$old"
is $status 0 "with the bundle the saved plan goes back"
is "$(installed tls/front/fullchain.pem)" "$first" "on the component"
comes does_serve "$front" "$first"
ok $? "which serves it"
cf apply --yes --from-backup "$old"
is $status 0 "again"
has "$out" "nothing to do" "there is nothing to do"
cf apply --yes
is $status 3 "the next plain apply asks"
has "$out" "rolled-back" "by name"
is "$(installed tls/front/fullchain.pem)" "$first" "before it goes forward"
cf status
has "$out" "rolled-back" "status tells it"
cf apply --yes --ack rolled-back
is $status 0 "acknowledged"
is "$(installed tls/front/fullchain.pem)" "$second" "it goes forward"
cf apply --yes
has "$out" "nothing to do" "and stays there"

# nothing but the fleet file and one bundle
fingerprint=$(installed tls/front/fullchain.pem)
cf backup create
mv "$out" run/kept.zip
rm -rf .certfleet backups tls/front trust/ca.pem
cf plan --from-backup run/kept.zip
is $status 0 "without a state the plan is that of a restored one"
hasnt "$out" "state-missing" "it does not ask for the state"
has "$out" "publish  *ca" "it publishes the authority again"
has "$out" "stage" "and delivers"
hasnt "$out" "issue  " "but issues nothing"
[ ! -e .certfleet ]
ok $? "and writes no state"
cf plan --from-backup run/kept.zip --out lost.plan
cf apply lost.plan --from-backup run/kept.zip
is $status 0 "the saved plan restores first"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
has "$out" "the state is restored from the bundle" "it says so"
is "$(installed tls/front/fullchain.pem)" "$fingerprint" "the pair is back"
comes does_serve "$front" "$fingerprint"
ok $? "and served"
cf apply --yes
is $status 0 "the next plain apply"
has "$out" "nothing to do" "has nothing to do"
rm -rf .certfleet tls/front
cf apply --yes --from-backup run/kept.zip
is $status 3 "an older bundle than one that is there asks"
has "$out" "state-behind" "by name"
[ ! -e .certfleet ]
ok $? "before anything is written"
rm -rf backups
cf apply --yes --from-backup run/kept.zip
is $status 0 "apply alone does it too"
is "$(installed tls/front/fullchain.pem)" "$fingerprint" "with the same pair"
mv .certfleet run/kept
sed -i 's/^fleet: last-week/fleet: another/' certfleet.yaml
cf apply --yes --from-backup run/kept.zip
is $status 65 "another fleet's bundle is refused"
[ ! -e .certfleet ]
ok $? "and nothing is written"
mv run/kept .certfleet

# a certificate and a component that the bundle does not know
cat fleet.head - fleet.tail >certfleet.yaml <<'END'
  new: {subject: "CN=new.example.test", issuer: ca}
END
cat >>certfleet.yaml <<END
  back:
    certificate: new
    deliver: {files: {directory: tls/back}}
    activate: {signal: HUP, pidfile: run/back.pid}
    verify: {tls: "127.0.0.1:$back", server_name: new.example.test}
END
before=$(installed tls/back/fullchain.pem)
cp run/week.zip "backups/$old"
cf apply --yes --from-backup "$old"
is $status 0 "what the bundle does not have is left"
has "$out" "not-in-backup new" "by name"
is "$(installed tls/back/fullchain.pem)" "$before" "as it is"
is "$(installed tls/front/fullchain.pem)" "$first" "all else goes back"

# expired
at "85 days"
cf plan --from-backup "$old"
has "$out" "ends-soon shop" "what ends soon is told"
at "91 days"
cf apply --yes --ack rolled-back
is $status 0 "months later all is new"
third=$(installed tls/front/fullchain.pem)
cf apply --yes --from-backup "$old"
is $status 3 "what has expired since asks"
has "$out" "expired-in-backup shop" "by name"
is "$(installed tls/front/fullchain.pem)" "$third" "before it is installed"
cf apply --yes --from-backup "$old" --ack expired-in-backup
is $status 0 "then it is"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(installed tls/front/fullchain.pem)" "$first" "on the component"
finish
