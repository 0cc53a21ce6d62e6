#!/bin/bash
# Starts mysqld; before its very first start in a data directory: creates the databases and users that the MYSQL_*
# variables ask for and runs /docker-entrypoint-initdb.d. Variables, messages and order are those of the official image.
set -eo pipefail
shopt -s nullglob

log() { echo "$(date --rfc-3339=seconds) [$1] [Entrypoint]: $2"; }
note() { log Note "$1"; }
warn() { log Warn "$1" >&2; }
die() { log ERROR "$1" >&2 && exit 1; }

# As process 1 a shell ignores signals which it does not trap.
trap 'exit 143' TERM INT

# MYSQL_X_FILE names a file, such as a mounted secret, that holds the value of MYSQL_X.
read_secret() {
  local name=$1 file_name=$1_FILE
  [ -n "${!file_name}" ] || return 0
  [ -z "${!name}" ] || die "Both $name and $file_name are set (but are exclusive)"
  [ -r "${!file_name}" ] || die "$file_name: cannot read ${!file_name}"
  export "$name=$(<"${!file_name}")"
  unset "$file_name"
}

# What mysqld makes of its configuration files and of these arguments; if it does not understand them, it says why.
read_configuration() {
  local settings
  settings=$("$@" --verbose --help --log-bin-index=/tmp/unused) \
    || die "mysqld failed while attempting to check config. Command was: $* --verbose --help"
  datadir=$(sed -n 's/^datadir  *//p' <<<"$settings")
  socket=$(sed -n 's/^socket  *//p' <<<"$settings")
}

# Runs as root: hands the directories to mysql and continues as that user.
become_mysql() {
  note "Switching to dedicated user 'mysql'"
  mkdir -p "$datadir" "$(dirname "$socket")"
  find "$datadir" "$(dirname "$socket")" ! -user mysql -exec chown --no-dereference mysql: {} +
  exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
}

# Scripts which are sourced from /docker-entrypoint-initdb.d may use this too, hence the official name.
docker_process_sql() {
  MYSQL_PWD=$password mysql --no-defaults --protocol=socket --socket="$socket" --user=root --comments "$@"
}

# The text as a literal of SQL.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

require_password_option() {
  [ -n "$MYSQL_ROOT_PASSWORD$MYSQL_ALLOW_EMPTY_PASSWORD$MYSQL_RANDOM_ROOT_PASSWORD" ] \
    || die 'Database is uninitialized and password option is not specified
    You need to specify one of the following as an environment variable:
    - MYSQL_ROOT_PASSWORD
    - MYSQL_ALLOW_EMPTY_PASSWORD
    - MYSQL_RANDOM_ROOT_PASSWORD'
  [ "$MYSQL_USER" != root ] \
    || die 'MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user
    Use MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD or MYSQL_RANDOM_ROOT_PASSWORD instead'
  if [ -n "$MYSQL_USER" ] && [ -z "$MYSQL_PASSWORD" ]; then
    warn 'MYSQL_USER specified, but missing MYSQL_PASSWORD; MYSQL_USER will not be created'
  elif [ -z "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
    warn 'MYSQL_PASSWORD specified, but missing MYSQL_USER; MYSQL_PASSWORD will be ignored'
  fi
}

# Nobody can connect but through the socket. What it writes is safe once it has stopped, so it need not sync before.
start_temporary_server() {
  note 'Starting temporary server'
  "$@" --skip-networking --default-time-zone=SYSTEM --autocommit=1 --sync-binlog=0 --innodb-flush-log-at-trx-commit=0 &
  server=$!
  until mysqladmin --no-defaults --protocol=socket --socket="$socket" --user=root ping &>/dev/null; do
    kill -0 "$server" 2>/dev/null || die 'Unable to start temporary server.'
    sleep 0.05
  done
  note 'Temporary server started.'
}

stop_temporary_server() {
  note 'Stopping temporary server'
  kill "$server"
  wait "$server" || die 'Unable to shut down temporary server.'
  note 'Temporary server stopped'
}

load_time_zones() {
  [ -z "$MYSQL_INITDB_SKIP_TZINFO" ] || return 0
  if [ ! -d /usr/share/zoneinfo ]; then
    note 'Time zones not loaded: /usr/share/zoneinfo is missing'
    return 0
  fi
  mysql_tzinfo_to_sql /usr/share/zoneinfo 2>/dev/null | docker_process_sql mysql
}

# SQL on stdout. What concerns root is kept out of the binary log and so from replicas, as in the official image.
root_and_user_sql() {
  local root_password user schema
  root_password=$(quoted "$MYSQL_ROOT_PASSWORD")
  echo 'SET @@SESSION.SQL_LOG_BIN = 0;'
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root_password;"
  if [ "$MYSQL_ROOT_HOST" != localhost ]; then
    echo "CREATE USER $remote_root IDENTIFIED BY $root_password;"
    echo "GRANT ALL ON *.* TO $remote_root WITH GRANT OPTION;"
  fi
  echo 'SET @@SESSION.SQL_LOG_BIN = 1;'
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
  if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
    user="$(quoted "$MYSQL_USER")@'%'"
    schema=${MYSQL_DATABASE//_/\\_} # in GRANT, an underscore means any character
    echo "CREATE USER $user IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
    [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON \`$schema\`.* TO $user;"
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
    *.sql.bz2) set -- bzip2 -dc "$1" ;;
    *.sql.xz) set -- xz -dc "$1" ;;
    *.sql.zst) set -- zstd -dcq "$1" ;;
    *) warn "$0: ignoring $1" && return ;;
  esac
  note "$0: running ${!#}"
  "$@" | docker_process_sql ${MYSQL_DATABASE:+"$MYSQL_DATABASE"}
}

initialise() {
  require_password_option
  if [ -n "$MYSQL_RANDOM_ROOT_PASSWORD" ]; then
    MYSQL_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    export MYSQL_ROOT_PASSWORD
  fi

  note 'Initializing database files'
  "$@" --initialize-insecure --default-time-zone=SYSTEM --autocommit=1
  note 'Database files initialized'

  start_temporary_server "$@"
  password=
  remote_root="'root'@$(quoted "${MYSQL_ROOT_HOST:=%}")"
  load_time_zones
  [ -z "$MYSQL_RANDOM_ROOT_PASSWORD" ] || note "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
  [ -z "$MYSQL_DATABASE" ] || note "Creating database $MYSQL_DATABASE"
  [ -z "$MYSQL_USER" ] || [ -z "$MYSQL_PASSWORD" ] || note "Creating user $MYSQL_USER"
  root_and_user_sql | docker_process_sql
  password=$MYSQL_ROOT_PASSWORD

  for file in /docker-entrypoint-initdb.d/*; do run_initdb_file "$file"; done

  [ -z "$MYSQL_ONETIME_PASSWORD" ] || docker_process_sql <<<"ALTER USER $remote_root PASSWORD EXPIRE;"
  stop_temporary_server
  note 'MySQL init process done. Ready for start up.'
}

# `IMAGE --some-flag` means `IMAGE mysqld --some-flag`.
case ${1--} in -*) set -- mysqld "$@" ;; esac
[ "$1" = mysqld ] || exec "$@"
for argument; do
  case $argument in '-?' | --help | --print-defaults | -V | --version) exec "$@" ;; esac
done

for name in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do read_secret "$name"; done
read_configuration "$@"
[ "$(id -u)" -ne 0 ] || become_mysql "$@"

note "Entrypoint script for MySQL Server $MYSQL_MAJOR started."
[ -d "$datadir/mysql" ] || initialise "$@"
exec "$@"
