#!/bin/sh
# Starts redis-server, as redis even when the container's user is root, with protected mode off: a container answers
# to whom its port is published for. The official image has that compiled in.
set -e

# `IMAGE --some-flag` and `IMAGE some.conf` mean `IMAGE redis-server …`.
case ${1--} in -* | *.conf) set -- redis-server "$@" ;; esac

if [ "$1" = redis-server ] && [ "$(id -u)" -eq 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi

[ "$(umask)" != 0022 ] || umask 0077

# What the configuration file or a later flag says of it counts.
if [ "$1" = redis-server ]; then
  case $2 in
    -v | --version | -h | --help | --test-memory | --check-system) ;;
    '' | -*) shift && set -- redis-server --protected-mode no "$@" ;;
    *)
      if ! grep -qis '^[[:space:]]*protected-mode' "$2"; then
        configuration=$2
        shift 2 && set -- redis-server "$configuration" --protected-mode no "$@"
      fi
      ;;
  esac
fi

exec "$@"
