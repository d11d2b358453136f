# shellcheck shell=bash
# Where everything lies and which ports it uses.

# Another set of the same services may run beside the first: it has a name, data and ports of its own, and shares the tools.
readonly SET=${CROSSWALK_SET:-} FIRST_LOCAL=$ROOT/.local
readonly LOCAL=$FIRST_LOCAL${SET:+/$SET}
readonly DATA=$LOCAL/data LOGS=$LOCAL/logs RUN=$LOCAL/run TOOLS=$FIRST_LOCAL/tools
readonly SERVICES_ENV=$LOCAL/services.env
readonly TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
readonly PORT_NAMES=(CROSSWALK_POSTGRES_PORT CROSSWALK_REDIS_PORT CROSSWALK_KAFKA_PORT CROSSWALK_LOCALSTACK_PORT
  CROSSWALK_CRM_REDIS_PORT CROSSWALK_HTTP_PORT CROSSWALK_CRM_PORT)

# settle_port NAME DEFAULT: the environment's choice, else the one made earlier, else the default. A choice is remembered
# because `make test` must find the services that an earlier `CROSSWALK_REDIS_PORT=… make up` started.
settle_port() {
  local name=$1 default=$2 remembered=
  [[ ! -r $LOCAL/ports ]] || remembered=$(sed -n "s/^$name=//p" "$LOCAL/ports")
  printf -v "$name" '%s' "${!name:-${remembered:-$default}}"
  # Redis listens 10000 above its port as well, so no port may be higher than this.
  [[ ${!name} =~ ^[1-9][0-9]{3,4}$ && ${!name} -ge 1024 && ${!name} -le 55535 ]] ||
    fail "$name is '${!name}', which is no port between 1024 and 55535." "Set it to one, or leave it out."
}

remember_ports() {
  local name
  for name in "${PORT_NAMES[@]}"; do printf '%s=%s\n' "$name" "${!name}"; done >"$LOCAL/ports"
}

settle_port CROSSWALK_POSTGRES_PORT 15432
settle_port CROSSWALK_REDIS_PORT 16379
settle_port CROSSWALK_KAFKA_PORT 19092
settle_port CROSSWALK_LOCALSTACK_PORT 14566
settle_port CROSSWALK_CRM_REDIS_PORT 16380
settle_port CROSSWALK_HTTP_PORT 19000
settle_port CROSSWALK_CRM_PORT 19001

readonly "${PORT_NAMES[@]}"
readonly KAFKA_CONTROLLER_PORT=$((CROSSWALK_KAFKA_PORT + 1))
# A second listener, which tells its clients to come back through a port where nothing listens of itself: a test puts a
# proxy there, and cuts Kafka off by closing it.
readonly KAFKA_PROXIED_LISTENER_PORT=$((CROSSWALK_KAFKA_PORT + 3))
readonly KAFKA_PROXY_PORT=$((CROSSWALK_KAFKA_PORT + 4))
readonly HTTP_URL=http://127.0.0.1:$CROSSWALK_HTTP_PORT
readonly CRM_URL=http://127.0.0.1:$CROSSWALK_CRM_PORT

# The addresses of the services, the same whether Docker runs them or not.
write_services_env() {
  cat >"$SERVICES_ENV.new" <<TEXT
export DATABASE_URL=postgres://crosswalk:crosswalk@127.0.0.1:$CROSSWALK_POSTGRES_PORT/crosswalk
export REDIS_URL=redis://127.0.0.1:$CROSSWALK_REDIS_PORT
export CRM_REDIS_URL=redis://127.0.0.1:$CROSSWALK_CRM_REDIS_PORT
export KAFKA_BROKERS=127.0.0.1:$CROSSWALK_KAFKA_PORT
export KAFKA_PROXIED_BROKERS=127.0.0.1:$KAFKA_PROXY_PORT
export KAFKA_PROXY_TARGET=127.0.0.1:$KAFKA_PROXIED_LISTENER_PORT
export AWS_ENDPOINT_URL=http://127.0.0.1:$CROSSWALK_LOCALSTACK_PORT
export AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test
export AWS_SECRET_ACCESS_KEY=test
TEXT
  mv "$SERVICES_ENV.new" "$SERVICES_ENV"
}

# Sets SERVICE_VARIABLES to the lines of that file, for env(1).
read_service_variables() { mapfile -t SERVICE_VARIABLES < <(sed 's/^export //' "$SERVICES_ENV"); }

# An own folder, whatever the umask says: PostgreSQL, as the user postgres, must pass through it.
make_folders() {
  mkdir -p "$DATA" "$LOGS" "$RUN" "$TOOLS"
  chmod a+x "$FIRST_LOCAL" "$LOCAL" "$DATA" 2>/dev/null || true
}

# Sets SET_VARIABLES, for env(1), to what makes another local.sh use another set, whose ports lie 500 above ours.
name_set() {
  local name
  SET_VARIABLES=(CROSSWALK_SET="$1")
  for name in "${PORT_NAMES[@]}"; do SET_VARIABLES+=("$name=$((${!name} + 500))"); done
}

# exclusively COMMAND...: one start or stop at a time in this checkout.
exclusively() {
  make_folders
  [[ -w $LOCAL && -w $RUN ]] ||
    fail "$LOCAL belongs to the user $(stat -c %U "$LOCAL")." "Go on as that user, or remove the folder as that user first."
  exec 9>"$LOCAL/lock"
  if ! flock -n 9; then
    say "another local.sh is starting or stopping things in this checkout; waiting for it"
    flock -w 1800 9 || fail "The other local.sh did not end within half an hour." "Look at it, end it, and try again."
  fi
  "$@"
  exec 9>&-
}
