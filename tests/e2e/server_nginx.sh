#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# nginx: its master keeps the old workers when it cannot read the new pair,
# and says so in its log alone.
. "$(dirname "$0")/products.sh"
needs nginx
start_nginx site "$port"
deliver='{files: {directory: tls/site}}'
activate='{signal: HUP, pidfile: run/site.pid}'
echo 'kill -HUP $(cat run/site.pid)' >reload.sh
trial
