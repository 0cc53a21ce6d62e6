#!/bin/bash
# Starts postgres; before its very first start in a data directory: creates the database and the superuser that the
# POSTGRES_* variables ask for and runs /docker-entrypoint-initdb.d. Variables, messages and order are those of the
# official image.
set -eo pipefail

fail() { printf '%s\n' "$@" >&2 && exit 1; }

# As process 1 a shell ignores signals which it does not trap.
trap 'exit 130' INT
trap 'exit 143' TERM

# read_secret NAME [DEFAULT]: NAME_FILE names a file, such as a mounted secret, that holds the value of NAME.
read_secret() {
  local name=$1 file_name=$1_FILE
  if [ -n "${!name}" ] && [ -n "${!file_name}" ]; then
    fail "error: both $name and $file_name are set (but are exclusive)"
  fi
  if [ -n "${!file_name}" ]; then export "$name=$(<"${!file_name}")"; else export "$name=${!name:-$2}"; fi
  unset "$file_name"
}

make_directories() {
  mkdir -p "$PGDATA" /var/run/postgresql
  # Not everybody may change a directory that was mounted; if it matters, the server says so.
  chmod 0700 "$PGDATA" || true
  chmod 3775 /var/run/postgresql || true
  if [ -n "$POSTGRES_INITDB_WALDIR" ]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    chmod 0700 "$POSTGRES_INITDB_WALDIR"
  fi
}

# Runs as root: hands the directories to postgres and continues as that user.
become_postgres() {
  find "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} \
    ! -user postgres -exec chown postgres {} +
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
}

require_password() {
  if [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then
    cat >&2 <<'END'
********************************************************************************
WARNING: POSTGRES_HOST_AUTH_METHOD has been set to "trust". This will allow
         anyone with access to the Postgres port to access your database without
         a password, even if POSTGRES_PASSWORD is set.
********************************************************************************
END
  elif [ -z "$POSTGRES_PASSWORD" ]; then
    fail 'Error: Database is uninitialized and superuser password is not specified.' \
      '       You must specify POSTGRES_PASSWORD to a non-empty value for the' \
      '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".' \
      '' \
      '       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all' \
      '       connections without a password. This is *not* recommended.'
  fi
}

# Up to 17 the volume was /var/lib/postgresql/data: what is there would be neither seen nor kept.
refuse_old_databases() {
  local directory found=()
  [ "$PGDATA" = "/var/lib/postgresql/$PG_MAJOR/docker" ] || return 0
  for directory in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
    [ ! -s "$directory/PG_VERSION" ] || found+=("$directory")
  done
  if [ ${#found[@]} -eq 0 ] && mountpoint -q /var/lib/postgresql/data; then
    found=('/var/lib/postgresql/data (unused mount/volume)')
  fi
  [ ${#found[@]} -eq 0 ] || fail \
    'Error: in 18+, these Docker images are configured to store database data in a' \
    '       format which is compatible with "pg_ctlcluster" (specifically, using' \
    '       major-version-specific directory names).' \
    '' \
    '       Counter to that, there appears to be PostgreSQL data in:' \
    "         ${found[*]}" \
    '' \
    '       The suggested container configuration for 18+ is to place a single mount' \
    '       at /var/lib/postgresql.'
}

# initdb refuses to run as a user without a name.
name_this_user() {
  ! getent passwd "$(id -u)" >/dev/null || return 0
  NSS_WRAPPER_PASSWD=$(mktemp)
  NSS_WRAPPER_GROUP=$(mktemp)
  echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
  echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
  export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

forget_this_user() {
  [ -n "$NSS_WRAPPER_PASSWD" ] || return 0
  rm "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
  unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

initialise_files() {
  local words
  eval "words=($POSTGRES_INITDB_ARGS)" # a shell's words: --locale-provider=icu --icu-locale="en"
  name_this_user
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${words[@]}" \
    ${POSTGRES_INITDB_WALDIR:+--waldir "$POSTGRES_INITDB_WALDIR"}
  forget_this_user
}

# Whoever connects over the network says who he is in the way in which the server stores passwords.
allow_connections() {
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# Nobody can connect but through the socket.
start_temporary_server() {
  set -- "${@:2}" -c listen_addresses='' -p "${PGPORT:-5432}"
  PGUSER=${PGUSER:-$POSTGRES_USER} NOTIFY_SOCKET='' pg_ctl --pgdata="$PGDATA" --options="$(printf '%q ' "$@")" --wait start
}

# Scripts which are sourced from /docker-entrypoint-initdb.d may use this too, hence the official name.
docker_process_sql() {
  PGHOST='' PGHOSTADDR='' psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc \
    ${POSTGRES_DB:+--dbname "$POSTGRES_DB"} "$@"
}

create_database() {
  local there
  there=$(POSTGRES_DB='' docker_process_sql --dbname postgres --set=db="$POSTGRES_DB" --tuples-only \
    <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
  [ -n "$there" ] || POSTGRES_DB='' docker_process_sql --dbname postgres --set=db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_initdb_file() {
  case $1 in
    *.sh)
      if [ -x "$1" ]; then
        echo "$0: running $1"
        "$1"
      else
        echo "$0: sourcing $1"
        . "$1"
      fi
      return
      ;;
    *.sql)
      echo "$0: running $1"
      docker_process_sql --file="$1" # by name, so that it can include others beside it
      return
      ;;
    *.sql.gz) set -- gzip -dc "$1" ;;
    *.sql.xz) set -- xz -dc "$1" ;;
    *.sql.zst) set -- zstd -dcq "$1" ;;
    *) echo "$0: ignoring $1" && return ;;
  esac
  echo "$0: running ${!#}"
  "$@" | docker_process_sql
}

initialise() {
  require_password
  refuse_old_databases
  initialise_files
  allow_connections "$@"

  # --auth in POSTGRES_INITDB_ARGS may ask for the password on the socket too.
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  start_temporary_server "$@"
  create_database
  psql=(docker_process_sql) # what older scripts use
  for file in /docker-entrypoint-initdb.d/*; do
    [ ! -e "$file" ] || run_initdb_file "$file"
  done
  PGUSER=${PGUSER:-postgres} pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
  unset PGPASSWORD
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

# `IMAGE --some-flag` means `IMAGE postgres --some-flag`.
case ${1--} in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
for argument; do
  case $argument in '-?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

read_secret POSTGRES_PASSWORD
read_secret POSTGRES_USER postgres
read_secret POSTGRES_DB "$POSTGRES_USER"
read_secret POSTGRES_INITDB_ARGS
make_directories
[ "$(id -u)" -ne 0 ] || become_postgres "$@"

if [ -s "$PGDATA/PG_VERSION" ]; then
  printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
else
  initialise "$@"
fi
exec "$@"
