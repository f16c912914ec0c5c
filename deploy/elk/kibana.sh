#!/bin/bash
# Kibana takes secrets from its environment; here they come from files, and stay out of Compose.
set -euo pipefail
ELASTICSEARCH_PASSWORD="$(cat /run/secrets/kibana_system_password)"
XPACK_ENCRYPTEDSAVEDOBJECTS_ENCRYPTIONKEY="$(cat /run/secrets/kibana_key)"
# Without one of its own, Kibana makes a new key for sessions at each start, and everybody is logged out.
XPACK_SECURITY_ENCRYPTIONKEY="$(cat /run/secrets/kibana_session_key)"
export ELASTICSEARCH_PASSWORD XPACK_ENCRYPTEDSAVEDOBJECTS_ENCRYPTIONKEY XPACK_SECURITY_ENCRYPTIONKEY
exec /bin/tini -- /usr/local/bin/kibana-docker
