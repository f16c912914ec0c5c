#!/bin/sh
# Makes, once, what the stack keeps secret: passwords, and certificates from an authority of its own.
# Nothing is written over: delete secrets/ to begin anew (and the volumes, which know the old ones).
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

for user in elastic kibana_system writer exporter reader; do
  [ -s "$user.password" ] || openssl rand -hex 24 > "$user.password"
done
for key in kibana kibana_session; do
  [ -s "$key.key" ] || openssl rand -hex 32 > "$key.key"
done

if [ ! -s ca.crt ]; then
  openssl req -x509 -newkey rsa:3072 -nodes -days 1825 -subj "/CN=mlmonitor stack" \
    -addext "basicConstraints=critical,CA:TRUE" -keyout ca.key -out ca.crt
fi
for host in elasticsearch kibana; do
  [ -s "$host.crt" ] && continue
  openssl req -newkey rsa:3072 -nodes -subj "/CN=$host" -keyout "$host.pem" -out "$host.csr"
  printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$host" > "$host.ext"
  openssl x509 -req -in "$host.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 \
    -extfile "$host.ext" -out "$host.crt"
  rm "$host.csr" "$host.ext"
done
# The containers run as users of their own, which have to read these; the folder stays closed.
chmod 644 ./*.crt ./*.pem ./*.password ./*.key
chmod 600 ca.key # no container needs it
echo "secrets/ is complete"
