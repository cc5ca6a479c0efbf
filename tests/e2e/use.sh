#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The way back after a renewal that went wrong: --use takes a former generation, and
# the applies of the nights after it keep that one.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
command -v faketime >/dev/null || skip_all "faketime is not installed"
free_port front
old_directory front
cat >certfleet.yaml <<END
certfleet: 1
fleet: use
backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
certificates:
  shop: {subject: "CN=shop.example.test", issuer: self, validity: 90d, renew_before: 30d}
components:
  front:
    certificate: shop
    deliver: {files: {directory: tls/front}}
    activate: {signal: HUP, pidfile: run/front.pid}
    verify: {tls: "127.0.0.1:$front", server_name: shop.example.test}
END
start_nginx front "$front"
day=24
cf apply --yes
is $status 0 "a certificate is installed"
first=$(installed tls/front/fullchain.pem)
at "$((65 * day)) hours"
cf apply --yes
is $status 0 "it is renewed on its 65th day"
second=$(installed tls/front/fullchain.pem)
[ "$first" != "$second" ]
ok $? "by another one"

cf apply --yes --use shop@previous --until 2000-01-01
is $status 64 "a time that is over is refused"
cf plan --use shop@previous --out use.plan
has "$out" "reused-generation shop: the former generation ${first:0:12} is used until" "the plan says what it uses, and how long"
has "$out" "apply use.plan --file certfleet.yaml --use shop@previous" "and how it is applied"
cf apply use.plan
is $status 5 "without the option the plan is refused"
cf apply use.plan --use shop@previous
is $status 0 "with it the former one is installed"
[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
is "$(installed tls/front/fullchain.pem)" "$first" "on the component"
comes does_serve "$front" "$first"
ok $? "and served"
cf apply --yes --use shop@previous
is $status 0 "the option given again"
has "$out" "nothing to do" "changes nothing"
for night in 1 2 3; do
	at "$(((65 + night) * day)) hours"
	cf apply --yes
	is $status 0 "the apply of night $night"
	has "$out" "nothing to do" "has nothing to do"
	is "$(installed tls/front/fullchain.pem)" "$first" "and leaves the former one"
done
cf status
has "$out" "reused until" "status says how long it is used"
take_status
is "$(status_of front state)" in-sync "and that it is in sync"
is "$(jq -r '.components[0].desired' status.json)" "$first" "which is the desired one"
at "$((73 * day)) hours"
cf apply --yes
is $status 0 "after a week"
is "$(installed tls/front/fullchain.pem)" "$second" "the newest is back"
cf apply --yes --use "shop@${first:0:8}"
is "$(installed tls/front/fullchain.pem)" "$first" "eight digits name a former one"
cf apply --yes --use shop@newest
is $status 0 "a hold can be ended"
is "$(installed tls/front/fullchain.pem)" "$second" "which brings back the newest"

cf apply --yes --reissue shop
third=$(installed tls/front/fullchain.pem)
cf apply --yes --use "shop@$second"
is $status 3 "what was replaced by --reissue asks"
has "$out" "reused-generation" "by name"
is "$(installed tls/front/fullchain.pem)" "$third" "and is not installed"
cf apply --yes --use "shop@$second" --ack reused-generation
is $status 0 "before it is acknowledged"
is "$(installed tls/front/fullchain.pem)" "$second" "then it is"
cf apply --yes
is $status 0 "it does not ask again"
has "$out" "nothing to do" "and stays"
finish
