#!/bin/bash
set -euo pipefail
WRITER_PASSWORD="$(cat /run/secrets/writer_password)"
export WRITER_PASSWORD
exec /usr/local/bin/docker-entrypoint
