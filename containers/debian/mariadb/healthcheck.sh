#!/bin/bash
# Tells whether the server is well: `healthcheck.sh --connect --innodb_initialized`. Options are the official image's,
# but for those about replicas and clusters; as there, connect is tested in any case, unless --no-connect says otherwise.
set -eo pipefail

datadir=/var/lib/mysql
defaults=()
connected=

# One value, as the user that the entrypoint has made for this.
ask() { mariadb "${defaults[@]}" --skip-ssl --skip-column-names --batch "${@:2}" --execute "$1" 2>&1; }

# The entrypoint's temporary server does not listen. One that refuses the user does, and that is enough.
connect() {
  case $(ask 'SELECT @@skip_networking' --protocol=socket || true) in 0) return 0 ;; 1) return 1 ;; esac
  case $(ask 'SELECT @@skip_networking' --protocol=tcp --host=localhost || true) in
    0 | *'(28000)'* | 'ERROR 1820 '* | 'ERROR 4151 '* | 'ERROR 1226 '*) ;;
    *) return 1 ;;
  esac
}

innodb_initialized() {
  [ "$(ask "SELECT 1 FROM information_schema.ENGINES WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT', 'ENABLED')" --protocol=socket)" = 1 ]
}

innodb_buffer_pool_loaded() {
  [[ $(ask "SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_load_status'" --protocol=socket) == *'load completed'* ]]
}

[ $# -gt 0 ] || { echo 'At least one argument required' >&2 && exit 1; }
[ ! -f "$datadir/.my-healthcheck.cnf" ] || defaults=("--defaults-extra-file=$datadir/.my-healthcheck.cnf")

while [ $# -gt 0 ]; do
  case $1 in
    --su=*) exec setpriv --reuid="${1#*=}" --clear-groups "$0" "${@:2}" ;;
    --su-mysql) exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "${@:2}" ;;
    --defaults-file=* | --defaults-extra-file=* | --defaults-group-suffix=* | --no-defaults) defaults=("$1") ;;
    --no-connect) connected=yes ;;
    --connect) connect && connected=yes || { echo 'healthcheck connect failed' >&2 && exit 1; } ;;
    --innodb_initialized | --innodb_buffer_pool_loaded)
      "${1#--}" || { echo "healthcheck ${1#--} failed" >&2 && exit 1; }
      ;;
    *) echo "healthcheck unknown option or test '${1#--}'" >&2 && exit 1 ;;
  esac
  shift
done
[ -n "$connected" ] || connect
