#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prepares a running OpenBao server for one gate and the workload "payments": what setup.hcl does at a server's first
# start. Needs `bao` with BAO_ADDR, BAO_CACERT and the token of an administrator in BAO_TOKEN. May be run again.
# Prints the gate's token: hand it to `systemd-creds encrypt --name=openbao-token - /etc/credstore.encrypted/openbao-token`.
set -eu
cd -- "$(dirname -- "$0")"

bao secrets list -format=json | grep -q '"kv/"' || bao secrets enable -path=kv -version=2 kv >&2
bao policy write gate gate.hcl >&2
bao policy write wl-payments wl-payments.hcl >&2
bao write auth/token/roles/wl-payments @role-wl-payments.json >&2
# Periodic: lives as long as the gate renews it. A service token, as batch tokens cannot create tokens.
bao token create -orphan -policy=gate -no-default-policy -period=24h -display-name=cloudtaser-gate -field=token
