#!/bin/bash
# ELASTIC_PASSWORD_FILE would have to belong to the container's user, whoever made it on the host.
set -euo pipefail
ELASTIC_PASSWORD="$(cat /run/secrets/elastic_password)"
export ELASTIC_PASSWORD
exec /bin/tini -- /usr/local/bin/docker-entrypoint.sh eswrapper
