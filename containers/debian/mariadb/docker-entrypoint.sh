#!/bin/bash
# Starts mariadbd; before its very first start in a data directory: creates the databases and users that the MARIADB_*
# variables ask for, or their older names with MYSQL_, and runs /docker-entrypoint-initdb.d. Variables, messages and
# order are those of the official image.
set -eo pipefail
shopt -s nullglob

log() { echo "$(date --rfc-3339=seconds) [$1] [Entrypoint]: $2"; }
note() { log Note "$1"; }
warn() { log Warn "$1" >&2; }
die() { log ERROR "$1" >&2 && exit 1; }

# As process 1 a shell ignores signals which it does not trap.
trap 'exit 143' TERM INT

# NAME_FILE names a file, such as a mounted secret, that holds the value of NAME.
read_secret() {
  local name=$1 file_name=$1_FILE
  [ -n "${!file_name}" ] || return 0
  [ -z "${!name}" ] || die "Both $name and $file_name are set (but are exclusive)"
  export "$name=$(<"${!file_name}")"
  unset "$file_name"
}

# read_setting NEW OLD [DEFAULT]: both names have the value then, so that scripts can use either.
read_setting() {
  read_secret "$1"
  read_secret "$2"
  local old=${!2}
  local value=${!1:-${old:-$3}}
  export "$1=$value" "$2=$value"
}

read_settings() {
  local name
  for name in DATABASE USER PASSWORD ROOT_PASSWORD INITDB_SKIP_TZINFO RANDOM_ROOT_PASSWORD; do
    read_setting "MARIADB_$name" "MYSQL_$name"
  done
  read_setting MARIADB_ALLOW_EMPTY_ROOT_PASSWORD MYSQL_ALLOW_EMPTY_PASSWORD
  read_setting MARIADB_ROOT_HOST MYSQL_ROOT_HOST %
}

# What mariadbd makes of its configuration files and of these arguments; if it does not understand them, it says why.
read_configuration() {
  local settings
  settings=$("$@" --verbose --help 2>/dev/null) \
    || die "mariadbd failed while attempting to check config
	command was: $* --verbose --help
	$("$@" --verbose --help 2>&1 >/dev/null)"
  datadir=$(sed -n 's/^datadir  *//p' <<<"$settings")
  socket=$(sed -n 's/^socket  *//p' <<<"$settings")
  port=$(sed -n 's/^port  *//p' <<<"$settings")
}

# Runs as root: hands the directories to mysql and continues as that user.
become_mysql() {
  note "Switching to dedicated user 'mysql'"
  mkdir -p "$datadir" "$(dirname "$socket")"
  find "$datadir" ! -user mysql -exec chown --no-dereference mysql: {} +
  find "$(dirname "$socket")" -maxdepth 0 ! -user mysql -exec chown mysql: {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
}

# Scripts which are sourced from /docker-entrypoint-initdb.d may use this too, hence the official name.
docker_process_sql() {
  MYSQL_PWD=$password mariadb --no-defaults --protocol=socket --socket="$socket" --user=root --skip-ssl --comments \
    ${MARIADB_DATABASE:+--database="$MARIADB_DATABASE"} "$@"
}

# The text as a literal of SQL.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

random_password() { head -c 24 /dev/urandom | base64; }

require_password_option() {
  [ -n "$MARIADB_ROOT_PASSWORD$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD" ] \
    || die 'Database is uninitialized and password option is not specified
	You need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD'
}

# The arguments are mariadbd's. Those with spaces in them would not arrive whole.
initialise_files() {
  local argument arguments=()
  for argument in "${@:2}"; do
    case $argument in
      *[[:space:]]*) warn "Not passing argument '$argument' to mariadb-install-db because mariadb-install-db does not support arguments with whitespace." ;;
      *) arguments+=("$argument") ;;
    esac
  done
  note 'Initializing database files'
  mariadb-install-db --datadir="$datadir" --rpm --auth-root-authentication-method=normal "${arguments[@]}" \
    --cross-bootstrap --skip-test-db --old-mode=UTF8_IS_UTF8MB3 --default-time-zone=SYSTEM --enforce-storage-engine= \
    --skip-log-bin --expire-logs-days=0
  note 'Database files initialized'
}

# Nobody can connect but through the socket. What it writes is safe once it has stopped, so it need not sync before.
start_temporary_server() {
  note 'Starting temporary server'
  "$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" --wsrep-on=OFF --expire-logs-days=0 \
    --skip-slave-start --skip-ssl --sync-binlog=0 --innodb-flush-log-at-trx-commit=0 &
  server=$!
  note 'Waiting for server startup'
  until MARIADB_DATABASE='' docker_process_sql <<<'SELECT 1' &>/dev/null; do
    kill -0 "$server" 2>/dev/null || die 'Unable to start server.'
    sleep 0.05
  done
  note 'Temporary server started.'
}

stop_temporary_server() {
  note 'Stopping temporary server'
  kill "$server"
  wait "$server"
  note 'Temporary server stopped'
}

load_time_zones() {
  [ -z "$MARIADB_INITDB_SKIP_TZINFO" ] || return 0
  mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | MARIADB_DATABASE=mysql docker_process_sql
}

# SQL on stdout. The user of healthcheck.sh, which finds the password beside the data.
healthcheck_sql() {
  local host password
  password=$(random_password)
  for host in 127.0.0.1 ::1 localhost; do
    echo "CREATE USER IF NOT EXISTS healthcheck@'$host' IDENTIFIED BY '$password';"
    echo "GRANT ${MARIADB_HEALTHCHECK_GRANTS:-USAGE} ON *.* TO healthcheck@'$host';"
  done
  (
    umask 0077
    printf '[mariadb-client]\nport=%s\nsocket=%s\nuser=healthcheck\npassword=%s\n' "$port" "$socket" "$password" \
      >"$datadir/.my-healthcheck.cnf"
  )
}

# SQL on stdout. What concerns the system's users is kept out of the binary log and so from replicas.
users_sql() {
  local root_password remote_root user
  root_password=$(quoted "$MARIADB_ROOT_PASSWORD")
  echo "SET @@SESSION.SQL_LOG_BIN = 0, @@SESSION.SQL_MODE = REPLACE(@@SESSION.SQL_MODE, 'NO_BACKSLASH_ESCAPES', '');"
  echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';"
  echo "EXECUTE IMMEDIATE CONCAT('DROP USER IF EXISTS root@\'', @@hostname, '\'');"
  echo "SET PASSWORD FOR root@localhost = PASSWORD($root_password);"
  if [ "$MARIADB_ROOT_HOST" != localhost ]; then
    remote_root="root@$(quoted "$MARIADB_ROOT_HOST")"
    echo "CREATE USER $remote_root IDENTIFIED BY $root_password;"
    echo "GRANT ALL ON *.* TO $remote_root WITH GRANT OPTION;"
    echo "GRANT PROXY ON ''@'%' TO $remote_root WITH GRANT OPTION;"
  fi
  healthcheck_sql
  echo 'SET @@SESSION.SQL_LOG_BIN = 1;'
  [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;"
  if [ -n "$MARIADB_USER" ] && [ -n "$MARIADB_PASSWORD" ]; then
    user="$(quoted "$MARIADB_USER")@$(quoted "${MARIADB_USER_HOST:-%}")"
    echo "CREATE USER $user IDENTIFIED BY $(quoted "$MARIADB_PASSWORD");"
    # In GRANT, an underscore means any character.
    [ -z "$MARIADB_DATABASE" ] || echo "GRANT ALL ON \`${MARIADB_DATABASE//_/\\_}\`.* TO $user;"
  fi
}

run_initdb_file() {
  case $1 in
    *.sh)
      note "$0: running $1"
      if [ -x "$1" ]; then "$1"; else . "$1"; fi
      return
      ;;
    *.sql) set -- cat "$1" ;;
    *.sql.gz) set -- gzip -dc "$1" ;;
    *.sql.xz) set -- xz -dc "$1" ;;
    *.sql.zst) set -- zstd -dcq "$1" ;;
    *) warn "$0: ignoring $1" && return ;;
  esac
  note "$0: running ${!#}"
  "$@" | docker_process_sql
}

initialise() {
  require_password_option
  initialise_files "$@"
  start_temporary_server "$@"
  load_time_zones
  if [ -n "$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
    MARIADB_ROOT_PASSWORD=$(random_password)
    export MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD=$MARIADB_ROOT_PASSWORD
    note "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
  fi
  [ -z "$MARIADB_DATABASE" ] || note "Creating database $MARIADB_DATABASE"
  [ -z "$MARIADB_USER" ] || [ -z "$MARIADB_PASSWORD" ] || note "Creating user $MARIADB_USER"
  note 'Securing system users (equivalent to running mysql_secure_installation)'
  users_sql | MARIADB_DATABASE=mysql docker_process_sql --binary-mode
  password=$MARIADB_ROOT_PASSWORD
  for file in /docker-entrypoint-initdb.d/*; do run_initdb_file "$file"; done
  stop_temporary_server
  note 'MariaDB init process done. Ready for start up.'
}

# `IMAGE --some-flag` means `IMAGE mariadbd --some-flag`.
case ${1--} in -*) set -- mariadbd "$@" ;; esac
case $1 in mariadbd | mysqld) ;; *) exec "$@" ;; esac
for argument; do
  case $argument in '-?' | --help | --print-defaults | -V | --version) exec "$@" ;; esac
done

note "Entrypoint script for MariaDB Server $MARIADB_VERSION started."
read_configuration "$@"
read_settings
[ "$(id -u)" -ne 0 ] || become_mysql "$@"
[ -d "$datadir/mysql" ] || initialise "$@"
# The server needs none of them, and /proc shows them.
unset {MARIADB,MYSQL}_{ROOT_,}PASSWORD {MARIADB,MYSQL}_ROOT_HOST
exec "$@"
