#!/bin/sh
# Starts valkey-server, as valkey even when the container's user is root, with protected mode off: a container answers
# to whom its port is published for. The official image has that compiled in.
set -e

# `IMAGE --some-flag` and `IMAGE some.conf` mean `IMAGE valkey-server …`.
case ${1--} in -* | *.conf) set -- valkey-server "$@" ;; esac

if [ "$1" = valkey-server ] && [ "$(id -u)" -eq 0 ]; then
  find . ! -user valkey -exec chown valkey {} +
  exec setpriv --reuid=valkey --regid=valkey --clear-groups "$0" "$@"
fi

[ "$(umask)" != 0022 ] || umask 0077

# What the configuration file or a later flag says of it counts.
if [ "$1" = valkey-server ]; then
  case $2 in
    -v | --version | -h | --help | --test-memory | --check-system) ;;
    '' | -*) shift && set -- valkey-server --protected-mode no "$@" ;;
    *)
      if ! grep -qis '^[[:space:]]*protected-mode' "$2"; then
        configuration=$2
        shift 2 && set -- valkey-server "$configuration" --protected-mode no "$@"
      fi
      ;;
  esac
fi

exec "$@" $VALKEY_EXTRA_FLAGS
