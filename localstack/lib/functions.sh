# shellcheck shell=bash
# The functions under `cargo lambda watch`, and the triggers that AWS would pull.

readonly ROUTER=$LOCAL/router.toml FUNCTIONS_ENV=$LOCAL/functions.env
readonly FUNCTION_INSTANCES=4
# It takes a second or two; the rest is for a machine that compiles at the same time.
readonly SEED_SECONDS=120

# Builds, seeds and starts; whatever is up and unchanged is left alone.
functions_up() {
  build --exclude crosswalk-chaos
  seed
  write_router
  start_crm
  start_functions
  start_triggers
}

build() {
  title "Building"
  attended cargo build --locked --workspace --bins "$@"
}

# Migrates, and makes topics, secrets, tenants and their clients. Run every time: it changes nothing that is there
# already, and LocalStack forgets its secrets when it stops.
seed() {
  title "Migrating and seeding"
  read_service_variables
  attended env "${SERVICE_VARIABLES[@]}" timeout "$SEED_SECONDS" \
    "$TARGET/debug/seed" --url "$HTTP_URL" --crm-url "$CRM_URL" --env "$LOCAL/env" --functions-env "$FUNCTIONS_ENV" ||
    seed_failed $?
  say "a client for the API is in .local/env"
}

# timeout(1) ends with 124 when the time is over.
seed_failed() {
  [[ $1 -ne 124 ]] || fail "The seed did not end within $SEED_SECONDS seconds; a service doesn't answer it." \
    "See which: localstack/local.sh services status. Then: make down, and try again."
  fail "The seed failed." "The reason is above."
}

# cargo-lambda ignores a router file that isn't there, so it never sees a half-written one.
write_router() {
  "$TARGET/debug/triggers" router --template "$ROOT/template.yaml" >"$ROUTER.new"
  mv "$ROUTER.new" "$ROUTER"
}

start_functions() {
  local fingerprint
  fingerprint=$(functions_fingerprint)
  title "Functions"
  if process_runs functions; then
    [[ $(process_port functions) == "$CROSSWALK_HTTP_PORT" ]] ||
      fail "The functions run on port $(process_port functions), and CROSSWALK_HTTP_PORT is $CROSSWALK_HTTP_PORT." \
        "Stop them first: make down"
    if [[ $fingerprint == "$(cat "$RUN/functions.fingerprint" 2>/dev/null)" ]]; then
      wait_until 30 health_answers ||
        fail "The functions run, but $HTTP_URL/health is not 200." "Their log is .local/logs/functions.log."
      say "up already, and unchanged"
      return
    fi
    say "something changed; starting them again"
    stop_process functions
  else
    STARTED+=(functions)
  fi
  require_port "$CROSSWALK_HTTP_PORT" "cargo lambda watch" CROSSWALK_HTTP_PORT
  # It searches all of its working folder whenever it starts a function; an empty one saves seconds each time.
  mkdir -p "$RUN/watch"
  # CORS is off because the deployed API has none; with it on, OPTIONS would never reach a function.
  start_process functions "$CROSSWALK_HTTP_PORT" "lambda watch --manifest-path $ROOT/Cargo.toml" \
    env --chdir "$RUN/watch" PATH="$ROOT/localstack/watch:$PATH" CROSSWALK_CARGO="$(command -v cargo)" \
    CROSSWALK_BINARIES="$TARGET/debug" "$CARGO_LAMBDA" lambda watch --manifest-path "$ROOT/Cargo.toml" --ignore-changes \
    --invoke-address 127.0.0.1 --invoke-port "$CROSSWALK_HTTP_PORT" --concurrency "$FUNCTION_INSTANCES" --disable-cors \
    --env-file "$FUNCTIONS_ENV" --global "$ROUTER"
  wait_for_answer functions "$HTTP_URL/health" 90 "$STARTED_PID" health_answers
  printf '%s' "$fingerprint" >"$RUN/functions.fingerprint"
}

health_answers() { curl -fs -m 10 -o /dev/null "$HTTP_URL/health"; }

start_triggers() {
  local fingerprint
  fingerprint=$(triggers_fingerprint)
  if process_runs triggers; then
    if [[ $fingerprint == "$(cat "$RUN/triggers.fingerprint" 2>/dev/null)" ]]; then
      say "the triggers are up already, and unchanged"
      return
    fi
    stop_process triggers
  else
    STARTED+=(triggers)
  fi
  read_service_variables
  start_process triggers "$CROSSWALK_HTTP_PORT" "triggers run --template $ROOT/template.yaml" \
    env "${SERVICE_VARIABLES[@]}" "$TARGET/debug/triggers" run --template "$ROOT/template.yaml" --endpoint "$HTTP_URL"
  printf '%s' "$fingerprint" >"$RUN/triggers.fingerprint"
  say "the triggers fire what template.yaml schedules, and poll its topics"
}

# What a running watch can't pick up by itself: rebuilt binaries, routes, environment; and another LocalStack, whose
# signing keys are not those that the functions remember.
functions_fingerprint() {
  local folder
  {
    for folder in "$ROOT"/functions/*/; do stat -c '%n %s %y' "$TARGET/debug/$(basename "$folder")"; done
    cat "$ROUTER" "$FUNCTIONS_ENV"
    service_instance localstack
  } | cksum
}

# New functions want new triggers: a rate(...) fires at once only when the triggers start.
triggers_fingerprint() {
  {
    stat -c '%n %s %y' "$TARGET/debug/triggers"
    cat "$ROOT/template.yaml" "$SERVICES_ENV"
    process_id functions
  } | cksum
}

functions_down() {
  if process_runs triggers || process_runs functions || process_runs acme-crm; then title "Stopping the functions"; fi
  stop_process triggers
  stop_process functions
  stop_process acme-crm
}
