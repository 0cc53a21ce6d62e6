#!/bin/bash
# Starts rabbitmq-server, as rabbitmq even when the container's user is root. The user, password and vhost of
# RABBITMQ_DEFAULT_* and the other variables are read by the server itself.
set -eu

if [[ $1 == rabbitmq* ]] && [ "$(id -u)" -eq 0 ]; then
  [ "$1" != rabbitmq-server ] || find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq {} +
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi

# What former images made a configuration file of.
deprecated=
for name in RABBITMQ_{DEFAULT_{PASS,USER}_FILE,VM_MEMORY_HIGH_WATERMARK} \
  RABBITMQ_{,MANAGEMENT_}SSL_{CACERTFILE,CERTFILE,DEPTH,FAIL_IF_NO_PEER_CERT,KEYFILE,VERIFY}; do
  [ -z "${!name:-}" ] || deprecated+="error: $name is set but deprecated"$'\n'
done
if [ -n "$deprecated" ]; then
  echo "${deprecated}error: deprecated environment variables detected

Please use a configuration file instead; visit https://www.rabbitmq.com/configure.html to learn more
" >&2
  exit 1
fi

exec "$@"
