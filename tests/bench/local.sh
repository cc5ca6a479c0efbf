# SPDX-License-Identifier: Apache-2.0
# 1,000 directories on this machine, against a loop with the same writes.
mkdir -p local
{
	cat <<-END
	certfleet: 1
	fleet: local
	backup: {directory: backups, passphrase: {env: CERTFLEET_BACKUP_PASSPHRASE}}
	issuers: {ca: {subject: "CN=CA"}}
	certificates: {site: {subject: "CN=site.example.test", issuer: ca}}
	roles: {web: {restart: {max_unavailable: 1000}}}
	components:
	  site: {each: ["d[0001-1000]"], role: web, certificate: site, deliver: {files: {directory: "tls/\${each}"}}}
	END
} >local/certfleet.yaml
apply_local() {
	rm -rf local/.certfleet local/certfleet.lineage local/backups local/tls
	mkdir -m 755 local/tls
	timed "$CERTFLEET" -C local apply --yes
}
write_local() {
	rm -rf local/bare
	mkdir local/bare
	timed "$bin/local_bare" local/bare 1000 local/tls/d0001/fullchain.pem
}
