#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache: a graceful restart with a bad pair would end the whole server.
. "$(dirname "$0")/products.sh"
needs apache2
modules=/usr/lib/apache2/modules
cat >run/apache.conf <<-END
ServerRoot $work
ServerName localhost
PidFile $work/run/site.pid
DefaultRuntimeDir $work/run
Mutex pthread
ErrorLog $work/run/site.log
Listen 127.0.0.1:$port
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule ssl_module $modules/mod_ssl.so
StartServers 1
$([ "$(id -u)" = 0 ] && printf 'User www-data\nGroup www-data')
SSLEngine on
SSLCertificateFile $work/tls/site/fullchain.pem
SSLCertificateKeyFile $work/tls/site/key.pem
END
apache2 -f "$work/run/apache.conf" >>run/site.log 2>&1
wait_port "$port"
activate='{signal: USR1, pidfile: run/site.pid}'
echo 'kill -USR1 $(cat run/site.pid)' >reload.sh
trial
