# SPDX-License-Identifier: Apache-2.0
# One certificate on three components: `here`, `there` over SSH, `host` through an agent.
#
#	. "$(dirname "$0")/ways_lib.sh"
#	paths() { echo "certificate: $work/tls/$1/..., key: ..."; } # NAME
#	start_ways
# shellcheck shell=bash disable=SC2154
. "$(dirname "${BASH_SOURCE[0]}")/sftp_lib.sh"
eval "$(grep -v '/lib.sh"$' "$root/tests/e2e/agent_lib.sh")"
free_port agent_port

fleet() { # [FORM OF HERE]
	cat >certfleet.yaml <<-FLEET
	certfleet: 1
	fleet: ways
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	access:
	  ssh: {key: ssh/id, known_hosts: ssh/known_hosts}
	  agent: {certificate: access/ops.pem, key: access/ops.key, ca: access/agents.pem}
	certificates:
	  site: {subject: "CN=site.example.test", issuer: self}
	components:
	  here: {certificate: site, deliver: {files: {${1:-$(paths here)}}}}
	  there: {certificate: site, deliver: {sftp: {url: "$url", $(paths there)}}}
	  host: {certificate: site, deliver: {agent: "https://127.0.0.1:$agent_port"}}
	FLEET
}

start_ways() {
	start_sshd
	know_host
	make_authorities
	agent_component host "install: {$(paths host)}"
	start_agent host 127.0.0.1 "$agent_port"
	fleet
}
