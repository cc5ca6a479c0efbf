#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Copies of bundles on real servers: OpenSSH without a shell, Apache's WebDAV,
# s3rver, and a command.
. "$(dirname "$0")/copies_lib.sh"
start_sshd "ForceCommand internal-sftp"
know_host
copies=$sftp
if start_dav; then copies="$copies $dav"; else ok 0 "WebDAV # SKIP apache2 is not installed"; fi
if start_s3; then copies="$copies $s3"; else ok 0 "S3 # SKIP npm's s3rver is not installed"; fi
cat >keep.sh <<'END'
set -e
mkdir -p kept
echo "$1 $2" >>kept/log
case $1 in
put) [ ! -e broken ] || { echo "the tape is torn" >&2; exit 3; }; cp "$3" "kept/$2" ;;
get) cp "kept/$2" "$3" ;;
list) ls kept | grep "^$2" >"$3" || true ;;
esac
END
more_copies="{command: [/bin/sh, $work/keep.sh]}"
write_copied_fleet
count=$(($(wc -w <<<"$copies") + 1))

in_copies() { # BUNDLE: in how many of them it is, whole
	local n=0
	cmp -s "backups/$1" "vault/$1" && n=$((n + 1))
	cmp -s "backups/$1" "dav/shop/$1" && n=$((n + 1))
	cmp -s "backups/$1" "s3/shop-backups/prod/$1._S3rver_object" && n=$((n + 1))
	cmp -s "backups/$1" "kept/$1" && n=$((n + 1))
	echo $n
}
asked() { cat run/dav.access run/s3.access kept/log run/sshd.log 2>/dev/null | grep -c 'GET\|PUT\|PROPFIND\|put\|get\|list\|Accepted'; }

cf plan
is $status 0 "a plan with copies"
has "$out" "bundles will be copied to $count places" "it tells where bundles go"
has "$out" "file secrets/dav.pass" "and with which secrets"
is "$(grep -c '^  copy ' <<<"$out")" $count "it has a step for each"
is "$(ls vault; ls dav/shop)" "" "a plan writes nothing there"

before=$(asked)
cf plan --confined
is "$status $(grep -c '^  copy ' <<<"$out")" "0 $count" "a confined plan has the same steps"
is "$(asked)" "$before" "and contacts no copy"
cf apply --yes
is $status 0 "an apply"
first=$(bundle)
is "$(in_copies "$first")" $count "the bundle is in every copy"
is "$(stat -c %a "vault/$first")" 600 "with a mode for its owner alone"
is "$(ls -A vault)" "$first" "and nothing else"
before=$(asked)
cf apply --yes
is "$status $out" "0 certfleet: nothing to do, 1 component as wanted" "a second apply has nothing to do"
is "$(asked)" "$before" "and contacts no copy"

cf apply --yes --reissue site
is $status 0 "a renewal"
second=$(bundle)
is "$(in_copies "$second")" $count "its bundle is in every copy"
is "$(in_copies "$first")" $count "beside the former one"
cf backup create
is $status 0 "backup create"
is "$(in_copies "$(bundle)")" $count "copies as well"

{ echo "# x"; head -c 3000000 /dev/urandom | base64 -w 1000 | sed 's/^/# /'; } >>certfleet.yaml
cf backup create
is $status 0 "a bundle of more than 2 MiB"
[ "$(stat -c %s "backups/$(bundle)")" -gt 2097152 ]
ok $? "is one"
is "$(in_copies "$(bundle)")" $count "is copied as well"

# ---- a saved plan, and a copy that fails since
write_copied_fleet
cf plan --out run/plan --reissue site
mv vault run/vault
cf apply run/plan --yes --reissue site
is $status 5 "a copy that fails since makes a saved plan stale"
has "$out" "there is no directory" "with the cause"
mv run/vault vault
cf apply run/plan --yes --reissue site
is $status 0 "once it is back the plan is applied"

# ---- one more copy: only that one gets the bundle
mkdir attic
copies="$copies sftp://$user@127.0.0.1:$ssh_port$work/attic" write_copied_fleet
cf status
is $status 0 "a copy is added"
has "$out" "backup-missing sftp://.*attic: the bundle '$(bundle)' is not copied there" "status tells what it lacks"
cf plan --detailed-exitcode
is $status 2 "a plan wants to copy it"
is "$(grep -c '^  copy ' <<<"$out")" 1 "there alone"
before=$(bundles)
cf apply --yes
is $status 0 "an apply"
cmp -s "backups/$(bundle)" "attic/$(bundle)"
ok $? "copies it there"
is "$(bundles)" "$before" "without a new bundle"
cf plan --detailed-exitcode
is $status 0 "then there is nothing to do"
cf status
hasnt "$out" "backup-missing" "and nothing to tell"
cf history
cf history "$(sed -n 's/^\([0-9]*\) .*/\1/p' <<<"$out" | head -1)"
has "$out" "copy .*attic.*done" "history has the copy"

cf backup list --json
is "$(jq -r ".bundles[] | select(.name == \"$(bundle)\") | .copies | length" <<<"$out")" $((count + 1)) "backup list has the copies of a bundle"
cf state check
is $status 0 "the state is whole"

# ---- from each copy, after the state and all bundles are lost
leaf=$(sha256sum <tls/one/leaf.pem)
last=$(bundle)
for copy in $copies; do
	cf backup verify "$copy/$last"
	is $status 0 "verify of the bundle in ${copy%%:*}: whole"
	has "$out" "$copy/$last: fleet 'shop'" "with its URL"
	rm -rf lost
	mkdir lost
	mv .certfleet backups lost
	cf plan
	cf backup restore "$copy/latest"
	is $status 0 "restore from ${copy%%:*}"
	cf apply --yes
	is $status 0 "an apply"
	is "$(sha256sum <tls/one/leaf.pem)" "$leaf" "nothing is issued anew"
	rm -rf .certfleet backups tls/one
	cf plan --from-backup "$copy/latest"
	has "$out" "one *<- site *nothing is installed" "a plan from what is in ${copy%%:*}, without a state"
	cf apply --yes --from-backup "$copy/latest"
	is $status 0 "an apply of it"
	is "$(sha256sum <tls/one/leaf.pem)" "$leaf" "delivers what was there"
	cf history
	has "$out" "^Restored from 'shop-.*; runs up to " "and is in the history as a restore"
	rm -rf .certfleet backups
	mv lost/.certfleet lost/backups .
done
if [ -d s3/shop-backups/prod ]; then
	for i in $(seq 1100); do
		old=s3/shop-backups/prod/shop-0000000000-2020$(printf %04d "$i")T000000Z.zip
		for part in object object.md5 metadata.json; do
			ln "s3/shop-backups/prod/$last._S3rver_$part" "${old}._S3rver_$part"
		done
	done
	before=$(grep -c list-type run/s3.access)
	cf backup verify "$s3/latest"
	has "$out" "$s3/$(cd s3/shop-backups/prod && ls | sed -n 's/\._S3rver_object$//p' | tail -1): fleet 'shop'" "the newest of more bundles than one answer lists"
	[ $(($(grep -c list-type run/s3.access) - before)) -ge 2 ]
	ok $? "for which the service is asked again"
fi
cf backup verify "$sftp/shop-0000000001-20260101T000000Z.zip"
is $status 1 "a bundle that is in no copy"
has "$out" "cannot read '$sftp/shop-.*'" "is told with its URL"
cf backup verify sftp://x@127.0.0.1/y/latest
is $status 1 "a place that is no copy"
has "$out" "'sftp://x@127.0.0.1/y/latest' is in none of the 'copies' of the fleet file" "is not asked"

# ---- a file that is there already
rm -rf .certfleet certfleet.lineage backups tls/* vault/*
cf apply --yes --ack state-missing
name=$(bundle)
mv "vault/$name" there
cp there "vault/$name"
sqlite3 "$(ls .certfleet/*.db)" "delete from record where key='copied'" 2>>run/sql || echo "# cannot forget the copies"
cf apply --yes
is $status 0 "equal files that are there count as copied"
sqlite3 "$(ls .certfleet/*.db)" "delete from record where key='copied'"
echo other >"vault/$name"
cf apply --yes
is $status 1 "another file of that name"
has "$out" "cannot copy '$name' to 'sftp://.*': another file of this name is there, and is not overwritten; move it away" "is an error with the remedy"
is "$(cat "vault/$name")" other "and stays"
cf apply --yes
has "$out" "^\[1/1\] copy .*/vault  failed" "the next apply tries that one alone"
mv "vault/$name" run/other
cf apply --yes
is $status 0 "and copies it once it is away"
cmp -s there "vault/$name"
ok $? "as it was"
no_secret_shown
ok $? "no secret was printed or recorded"
finish
