#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The recipes of examples/recipes do what they say: each is run here with paths and
# ports of the work folder.
# shellcheck disable=SC2154
. "$(dirname "$0")/lib.sh"
recipes=$root/examples/recipes

# A recipe as certfleet.yaml, with its paths and port replaced: NAME SED-SCRIPT PORT
recipe() {
	sed "$2; s#127.0.0.1:[0-9]*#127.0.0.1:$3#" "$recipes/$1.yaml" >certfleet.yaml
	rm -rf .certfleet backups trust/* certfleet.lineage
}
applies() { # TEXT
	cf apply --yes
	is $status 0 "$1"
	[ $status -eq 0 ] || sed 's/^/# /' <<<"$out"
}
nginx_paths="s#/etc/nginx/tls/site#tls/site#; s#/run/nginx.pid#run/site.pid#"
end_server() {
	kill "$(cat run/site.pid)"
	rm -f run/site.pid
	rm -rf tls/* tls/.[!.]*
}

for file in "$recipes"/*.yaml; do
	cf validate "$file"
	is $status 0 "$(basename "$file") is valid"
done

# ---- the first start of a server, and a change ----
free_port port
recipe first-start "$nginx_paths" "$port"
applies "first-start: an apply before the server has ever run"
has "$out" "not-running front" "first-start: tells that it does not run"
start_nginx site "$port"
take_settled_status
is "$(status_of front state)" in-sync "first-start: and in-sync once it is started"
mkdir bin
ln -s "$CERTFLEET" bin/certfleet
former=$(installed tls/site/fullchain.pem)
sed -i 's/CN=www.example.com/&, O=Changed/' certfleet.yaml
applies "first-start: a change is applied"

# ---- back to the former certificate ----
newest=$(installed tls/site/fullchain.pem)
way_back() { PATH=$work/bin:$PATH "$recipes/way-back.sh" "$@" >run/job 2>&1 </dev/null; }
way_back site
is $? 0 "way back: the former one is put back"
serves "$port" "$former" "way back: and served"
night=$(sed -n 's/^ExecStart=[^ ]* //p' "$root/examples/systemd/certfleet.service")
# shellcheck disable=SC2086
cf $night
is $status 0 "way back: the nightly apply"
has "$out" "nothing to do" "way back: leaves it alone"
cf status
has "$out" "site .* reused until " "way back: status says until when"
way_back site newest
is $? 0 "way back: and on to the newest one"
serves "$port" "$newest" "way back: which is served again"
way_back
is $? 64 "way back: without a name it tells its usage"
end_server

# ---- adopting what runs ----
free_port port
old_directory site
mkdir -p secrets
cp tls/site/fullchain.pem tls/site/key.pem secrets
start_nginx site "$port"
before=$(served "$port")
recipe adopt "$nginx_paths" "$port"
applies "adopt: an apply takes over"
is "$(served "$port")" "$before" "adopt: what is served stays"
take_settled_status
is "$(status_of front state) $(status_of front desired)" "in-sync $before" "adopt: and is in-sync"
end_server

# ---- a container: its root sees the directory above alone, and a command reaches it ----
free_port port
printf '#!/bin/sh\nkill -HUP "$(cat %s)"\n' "$work/run/site.pid" >bin/docker
chmod +x bin/docker
mkdir -p srv/site/tls
make_pair old srv/site/tls/fullchain.pem srv/site/tls/key.pem
ln -s ../srv/site/tls tls/site
start_nginx site "$port"
recipe container "s#/srv/site/tls#srv/site/tls#; s#docker, kill#$work/bin/docker, kill#" "$port"
applies "container: an apply"
serves "$port" "$(installed srv/site/tls/fullchain.pem)" "container: the command reaches the server"
cp -a srv/site run/mounted
is_pair run/mounted/tls/fullchain.pem run/mounted/tls/key.pem && [ "$(readlink run/mounted/tls)" != "" ]
ok $? "container: the links lead to the pair in a copy of the directory above"
hasnt "$(find srv/site -type l -printf '%l\n')" "^/" "container: since they are relative"
end_server

# ---- PostgreSQL's directory ----
if [ "$(id -u)" = 0 ] && id postgres >/dev/null 2>&1; then
	recipe postgresql "s#/etc/postgresql/tls#tls/db#; s#systemctl, reload, postgresql#touch, run/reloaded#; /verify:/d" 1
	applies "postgresql: an apply"
	is "$(stat -Lc %U:%a tls/db/key.pem)" postgres:600 "postgresql: the key is the server's alone"
	[ -e run/reloaded ]
	ok $? "postgresql: which is reloaded"
else
	echo "# no user postgres, or not root"
fi
finish
