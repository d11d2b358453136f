# shellcheck shell=bash
# The commands that the Makefile offers.

stage_run() {
  stop_started_at_exit
  exclusively all_up
  title "The tour"
  with_env attended "$TARGET/debug/tour"
  title "Up"
  say "API          $HTTP_URL"
  say "AcmeCRM      $CRM_URL"
  say "a client     .local/env"
  say "services     .local/services.env"
  say "logs         .local/logs"
  if [[ ${#STARTED[@]} -gt 0 ]]; then
    say "Ctrl-C stops: ${STARTED[*]}"
  else
    say "all of it was up before, and stays up after Ctrl-C"
  fi
  attended watch_over acme-crm functions triggers
}

# Returns when one of them has ended, which none should.
watch_over() {
  local name
  while true; do
    for name in "$@"; do
      if ! process_runs "$name"; then
        show_log "$LOGS/$name.log"
        fail "$name ended by itself." "Its log is .local/logs/$name.log."
      fi
    done
    sleep 1
  done
}

stage_demo() {
  local status=0
  stop_started_at_exit
  exclusively all_up
  title "The tour"
  keep_summary with_env attended "$TARGET/debug/tour" || status=$?
  stop_started
  [[ -s $RUN/summary ]] || fail "The tour broke off with status $status." "Its output is above."
  printf '\n'
  cat "$RUN/summary"
  exit "$status"
}

# keep_summary COMMAND...: its last line says how it went, and is to be the last of all: it waits in .local/run/summary until
# everything has stopped.
keep_summary() {
  local status=0 summary
  : >"$RUN/summary"
  exec 8> >(put_summary_aside)
  summary=$!
  # Services that it starts would hold the other end open.
  "$@" >&8 8>&- || status=$?
  exec 8>&-
  wait "$summary" || true
  return "$status"
}

# It lasts as long as there is somebody to listen to: who is interrupted has still to say what it stops.
put_summary_aside() {
  local line
  trap '' INT TERM HUP
  while IFS= read -r line; do
    if [[ $line =~ ^[0-9]+\ (step|round)s?\ passed,\ [0-9]+\ failed$ ]]; then
      printf '%s\n' "$line" >"$RUN/summary"
    else
      printf '%s\n' "$line"
    fi
  done
}

stage_up() {
  stop_started_at_exit
  exclusively all_up
  keep_started
  title "Up"
  say "API at $HTTP_URL, a client in .local/env, logs in .local/logs; make down stops it"
}

stage_down() { exclusively services_down; }

all_up() {
  install_chosen services build tools
  services_up
  functions_up
}

stage_test() {
  stop_started_at_exit
  exclusively services_for_tests
  # The tests that kill functions start these binaries themselves.
  build
  title "Tests"
  read_service_variables
  forget_test_logs
  attended env "${SERVICE_VARIABLES[@]}" cargo test --locked --workspace "$@"
  # Arguments may leave out what logs most, and are about one thing.
  if [[ $# -eq 0 ]]; then
    ROUNDS=${ROUNDS:-2} stage_chaos
    search_test_logs whole
  else
    search_test_logs part
  fi
}

# What takes minutes or wants a quiet machine.
stage_test_long() {
  stop_started_at_exit
  exclusively services_for_tests
  build
  title "Long tests"
  read_service_variables
  attended env "${SERVICE_VARIABLES[@]}" cargo test --locked --package crosswalk-tests --features long --test long -- \
    --nocapture "$@"
}

services_for_tests() {
  install_chosen services build tools tests
  services_up
}

stage_check() {
  stop_started_at_exit
  exclusively install_chosen build check
  title "Formatting"
  attended cargo fmt --all --check
  title "Shell scripts"
  # The files of localstack/lib are read as the one script they make together.
  attended shellcheck --external-sources --check-sourced localstack/local.sh localstack/watch/cargo \
    localstack/python/lock .ci/run
  title "Templates"
  attended env SAM_CLI_TELEMETRY=0 "$CHECK_TOOLS/bin/python" -m pytest "$ROOT/tests/template"
  title "Dependencies"
  check_dependencies
  title "Lints"
  attended cargo clippy --locked --workspace --all-targets --features crosswalk-fuzz/libfuzzer,crosswalk-tests/long \
    -- -D warnings
  title "Documentation"
  attended env RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps
  title "Layering"
  # With the features that all packages want together, so that nothing is compiled twice for it.
  attended cargo test --locked --workspace --test layering
}

# stage_smoke [URL]
stage_smoke() {
  local url=${1:-${CROSSWALK_URL:-}}
  [[ -n $url ]] || fail "Which stack? Give its URL: make smoke URL=https://…" "It is the output ApiUrl of the stack."
  stop_started_at_exit
  exclusively install_chosen build
  attended cargo build --locked --quiet --package tour
  attended "$TARGET/debug/tour" smoke --url "$url"
}

# Advisories are kept by RustSec on GitHub and nowhere else. Where that can't be reached, nobody is told that all is well.
check_dependencies() {
  attended cargo_deny check bans licenses sources
  if quietly "$LOGS/advisories.log" cargo_deny fetch db; then
    attended cargo_deny check --disable-fetch advisories
  else
    say "NOT CHECKED for advisories: https://github.com/RustSec/advisory-db could not be fetched"
  fi
}

cargo_deny() { "$CHECK_TOOLS/bin/cargo-deny" --workspace --locked "$@"; }

stage_clean() {
  exclusively services_wipe
  rm -rf "$LOCAL"
  if command -v cargo >/dev/null; then cargo clean; fi
}

# with_env COMMAND...: with what .local/env holds, as a person would have it after sourcing it.
with_env() {
  # shellcheck source=/dev/null
  source "$LOCAL/env"
  "$@"
}
