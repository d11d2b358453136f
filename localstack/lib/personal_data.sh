# shellcheck shell=bash
# Personal data and secrets must never be logged. While the tests run, tests/support/log.rs keeps all that functions log, and
# notes the secrets that the tests have made. Here the one is searched for the other, and for people.

readonly TEST_LOGS=$TARGET/debug/test-logs

# Fewer lines than this, and some function's log was not kept.
readonly LEAST_LINES=20000

# The words of each kind of invocation; a whole run of the tests has all of them.
readonly TOLD=("request answered" "request refused" "request failed" "invocation ended" "shift ended" "webhooks worked"
  "contacts pushed" "purge ended")

# Email addresses, telephone numbers, JSON in base64 (as tokens begin), and what is known of the tests' people.
readonly PERSONAL='[[:alnum:]._%+-]+@[[:alnum:]-]+\.[[:alpha:]]+|\+[0-9]{8,15}|eyJ[[:alnum:]_-]{8,}'
readonly PEOPLE='Ada|Lovelace|Grace|Hopper|Charles|Babbage|Countess|Analytical|St James|London|mathematics|poetry|first program|never built'

forget_test_logs() { rm -rf "$TEST_LOGS"; }

# search_test_logs whole|part: of a whole run it is known what must be there.
search_test_logs() {
  local lines told found
  title "Personal data in logs"
  [[ -d $TEST_LOGS ]] || { [[ $1 == part ]] && return; fail "Nothing was logged." "tests/support/log.rs keeps it in $TEST_LOGS."; }
  lines=$(cat "$TEST_LOGS"/*.log | wc -l)
  if [[ $1 == whole ]]; then
    [[ $lines -ge $LEAST_LINES ]] || fail "There are only $lines lines." "Is every function's log kept in $TEST_LOGS?"
    for told in "${TOLD[@]}"; do
      grep -qF "\"$told\"" "$TEST_LOGS"/*.log || fail "No line says '$told'." "Is every function's log kept in $TEST_LOGS?"
    done
  fi
  cat "$TEST_LOGS"/*.secrets 2>/dev/null | sort -u >"$RUN/secrets" || true
  [[ $1 == part || -s $RUN/secrets ]] || fail "No secrets were noted." "tests/support/log.rs keeps them in $TEST_LOGS."
  found=$(
    grep -EH "$PERSONAL" "$TEST_LOGS"/*.log || true
    grep -EHw "$PEOPLE" "$TEST_LOGS"/*.log || true
    grep -FHf "$RUN/secrets" "$TEST_LOGS"/*.log || true
  )
  rm -f "$RUN/secrets"
  [[ -z $found ]] || fail "Functions have logged what they must not:" "${found:0:2000}"
  say "none in $lines lines"
}
