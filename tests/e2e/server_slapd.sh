#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenLDAP, over the STARTTLS of LDAP.  It reads its pair when it starts.
. "$(dirname "$0")/products.sh"
needs slapd
cat >run/slapd.conf <<-END
pidfile $work/run/site.pid
TLSCertificateFile $work/tls/site/fullchain.pem
TLSCertificateKeyFile $work/tls/site/key.pem
END
# What it started before is gone when this ends.
cat >reload.sh <<-END
if [ -e run/site.pid ]; then
	kill \$(cat run/site.pid)
	while [ -e run/site.pid ]; do sleep 0.02; done
fi
exec slapd -f "$work/run/slapd.conf" -h ldap://127.0.0.1:$port
END
sh reload.sh >>run/site.log 2>&1
wait_port "$port"
starttls=ldap
activate='{command: [sh, reload.sh]}'
# It is away until it has started again.
gap_ms=5000
trial
