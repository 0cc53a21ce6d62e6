#!/bin/sh
# Before nginx itself: the scripts of /docker-entrypoint.d, in name order. *.envsh is sourced, *.sh is run;
# either has to be executable. NGINX_ENTRYPOINT_QUIET_LOGS silences the messages.
set -e

log() {
  [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "/docker-entrypoint.sh: $*"
}

case $1 in nginx | nginx-debug)
  for script in /docker-entrypoint.d/*; do
    case $script in
      *.envsh)
        if [ -x "$script" ]; then log "Sourcing $script"; . "$script"; else log "Ignoring $script, not executable"; fi ;;
      *.sh)
        if [ -x "$script" ]; then log "Launching $script"; "$script"; else log "Ignoring $script, not executable"; fi ;;
      *) log "Ignoring $script" ;;
    esac
  done
  log 'Configuration complete; ready for start up'
esac

exec "$@"
