# shellcheck shell=bash
# PostgreSQL from this machine's own packages, with its data in the checkout.

export PGPASSWORD=crosswalk PGCONNECT_TIMEOUT=2

# PostgreSQL refuses to run as root, so root runs it as the user that Debian's package made.
AS_POSTGRES=()
[[ $EUID -ne 0 ]] || AS_POSTGRES=(setpriv --reuid postgres --regid postgres --init-groups)
readonly AS_POSTGRES

start_postgres() {
  local programs folder
  programs=$(postgres_programs) || fail "PostgreSQL is missing." "Run: localstack/local.sh install services"
  [[ $EUID -ne 0 ]] || id postgres >/dev/null 2>&1 ||
    fail "There is no user postgres for root to run PostgreSQL as." "Make one: useradd --system postgres"
  folder=$(postgres_folder)
  [[ $folder == "$DATA"/* ]] || say "the user postgres can't enter $DATA, so PostgreSQL's data is in $folder"
  [[ -e $folder ]] || make_cluster "$programs" "$folder"
  check_cluster "$programs" "$folder"
  # After a kill -9 the server's own processes take a moment to notice.
  wait_until 30 postgres_memory_free "$folder" ||
    fail "Processes of an earlier PostgreSQL still use $folder." "Find them with ps, end them, and try again."
  # Otherwise a process that has got the dead server's id since keeps this one from starting.
  rm -f "$folder/postmaster.pid"
  "${AS_POSTGRES[@]}" dd status=none of="$folder/postgresql.conf" <"$ROOT/localstack/postgres/postgresql.conf"

  start_process postgres "$CROSSWALK_POSTGRES_PORT" "-D $folder" \
    "${AS_POSTGRES[@]}" "$programs/postgres" -D "$folder" -p "$CROSSWALK_POSTGRES_PORT" -c listen_addresses=127.0.0.1
  wait_for_answer postgres PostgreSQL 60 "$STARTED_PID" postgres_answers
}

# A query proves more than pg_isready does. The first one makes the database.
postgres_answers() {
  query_postgres postgres 'select 1' || return 1
  query_postgres crosswalk 'select 1' || query_postgres postgres 'create database crosswalk'
}

# A fast shutdown; SIGTERM would wait for every client to leave.
stop_postgres() { stop_process postgres INT; }

require_ports_postgres() { require_port "$CROSSWALK_POSTGRES_PORT" PostgreSQL CROSSWALK_POSTGRES_PORT; }

# The data folder. The user postgres can't enter a checkout under /root, for one; its data then lies under /var/lib, in a
# folder named after the checkout's path, and the set of services.
postgres_folder() {
  if "${AS_POSTGRES[@]}" test -x "$DATA" 2>/dev/null; then
    printf '%s' "$DATA/postgres"
  else
    printf '%s' "$(postgres_folder_elsewhere)/postgres"
  fi
}

postgres_folder_elsewhere() { printf '/var/lib/crosswalk-%s' "$(cksum <<<"$ROOT${SET:+/$SET}" | cut -d ' ' -f 1)"; }

# Prints the folder of the newest server programs: Debian keeps them off PATH.
postgres_programs() {
  local folder
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(dirname "$(command -v initdb || true)")"; do
    if [[ -x $folder/initdb && -x $folder/postgres ]]; then
      printf '%s' "$folder"
      return
    fi
  done
  return 1
}

# Under another name first, so that an interrupted one is never taken for a whole one.
make_cluster() {
  local programs=$1 folder=$2
  rm -rf "$folder.new"
  mkdir -p "$(dirname "$folder")"
  mkdir -m 700 "$folder.new"
  [[ $EUID -ne 0 ]] || chown postgres:postgres "$folder.new"
  # Not a secret, and the user postgres must be able to read it.
  printf '%s\n' "$PGPASSWORD" >"$folder.password"
  chmod 644 "$folder.password"
  quietly "$LOGS/initdb.log" "${AS_POSTGRES[@]}" "$programs/initdb" -D "$folder.new" \
    --username crosswalk --pwfile "$folder.password" --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --no-sync ||
    fail "PostgreSQL's data folder could not be made." "Its log is ${LOGS#"$ROOT/"}/initdb.log."
  rm "$folder.password"
  mv "$folder.new" "$folder"
}

check_cluster() {
  local programs=$1 folder=$2 owner wanted written installed
  owner=$(stat -c %U "$folder")
  wanted=$("${AS_POSTGRES[@]}" id -un)
  [[ $owner == "$wanted" ]] ||
    fail "$folder belongs to $owner, and PostgreSQL would run as $wanted." \
      "Go on as the user who made it, or remove it as that user: localstack/local.sh services wipe"
  written=$("${AS_POSTGRES[@]}" cat "$folder/PG_VERSION")
  installed=$("$programs/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
  [[ $written == "$installed" ]] ||
    fail "$folder was written by PostgreSQL $written, and PostgreSQL $installed is installed." \
      "Install postgresql-$written, or start afresh: localstack/local.sh services wipe"
}

# The seventh line of postmaster.pid holds the key and the id of the shared memory; the kernel counts who is attached.
postgres_memory_free() {
  local id
  [[ -r /proc/sysvipc/shm && -e $1/postmaster.pid ]] || return 0
  id=$(awk 'NR == 7 { print $2 }' "$1/postmaster.pid")
  awk -v id="$id" '$2 == id && $7 > 0 { used = 1 } END { exit used }' /proc/sysvipc/shm
}

query_postgres() {
  timeout 5 "$(postgres_programs)/psql" -X -q -h 127.0.0.1 -p "$CROSSWALK_POSTGRES_PORT" -U crosswalk -d "$1" -c "$2" \
    >/dev/null 2>&1
}
