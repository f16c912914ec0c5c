#!/bin/bash
# Gives Kibana's own user its password, and makes the users that ship records and read them.
set -euo pipefail

answer="$(mktemp)"

ask() { # method path body
  local status
  status="$(printf 'user = "elastic:%s"\n' "$(cat /run/secrets/elastic_password)" |
    curl -sS --retry 5 --retry-connrefused --cacert /certs/ca.crt --config - \
      -o "$answer" -w '%{http_code}' \
      -X "$1" -H "content-type: application/json" -d "$3" "https://elasticsearch:9200/$2")"
  echo "$1 $2: $status $(cat "$answer")"
  [[ "$status" == 2* ]]
}

ask POST _security/user/kibana_system/_password \
  "{\"password\": \"$(cat /run/secrets/kibana_system_password)\"}"
# Their roles are made by `mlmonitor push-elk`; until then these users may do nothing.
for user in writer exporter reader; do
  ask PUT "_security/user/$user" \
    "{\"password\": \"$(cat "/run/secrets/${user}_password")\", \"roles\": [\"mlmonitor_$user\"]}"
done
