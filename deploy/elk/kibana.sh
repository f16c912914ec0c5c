#!/bin/bash
# Kibana takes secrets from its environment; here they come from files, and stay out of Compose.
set -euo pipefail
ELASTICSEARCH_PASSWORD="$(cat /run/secrets/kibana_system_password)"
XPACK_ENCRYPTEDSAVEDOBJECTS_ENCRYPTIONKEY="$(cat /run/secrets/kibana_key)"
export ELASTICSEARCH_PASSWORD XPACK_ENCRYPTEDSAVEDOBJECTS_ENCRYPTIONKEY
exec /bin/tini -- /usr/local/bin/kibana-docker
