#!/bin/sh
# Starts memcached. `IMAGE -m 64` means `IMAGE memcached -m 64`.
set -e
case ${1--} in -*) set -- memcached "$@" ;; esac
exec "$@"
