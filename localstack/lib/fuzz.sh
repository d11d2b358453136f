# shellcheck shell=bash
# What must hold whatever comes in, tried by libFuzzer: tests/fuzz has the targets, and says what each is to hold.

readonly FUZZ_TARGETS=$ROOT/tests/fuzz/fuzz_targets FUZZ_CORPUS=$ROOT/tests/fuzz/corpus
readonly FUZZ_TOOLS=$TOOLS/fuzz FUZZ_BUILT=$TARGET/fuzz FUZZ_FOUND=$LOCAL/fuzz
readonly CARGO_FUZZ_VERSION=0.13.2

# stage_fuzz [TARGET...]
stage_fuzz() {
  local seconds=${SECONDS_EACH:-30} target
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "SECONDS_EACH is '$seconds', which is no number of seconds."
  if [[ $# -eq 0 ]]; then mapfile -t TARGETS < <(fuzz_targets); else TARGETS=("$@"); fi
  for target in "${TARGETS[@]}"; do
    [[ -f $FUZZ_TARGETS/$target.rs ]] ||
      fail "There is no fuzz target '$target'." "The targets are: $(fuzz_targets | paste -sd ' ')"
  done
  stop_started_at_exit
  exclusively install_chosen build fuzz
  title "Building the fuzz targets; the first time takes some minutes"
  attended cargo_fuzz build
  title "Fuzzing, $seconds s each"
  FAILED=()
  printf '    %-14s %12s %8s %8s\n' target executions corpus crashes
  for target in "${TARGETS[@]}"; do fuzz "$target" "$seconds"; done
  for target in "${FAILED[@]}"; do show_failures "$target"; done
  [[ ${#FAILED[@]} -eq 0 ]] || fail "What must hold did not: ${FAILED[*]}" "What was found, and how to run it again, is above."
}

fuzz_targets() { basename -s .rs "$FUZZ_TARGETS"/*.rs; }

# The project's own Rust will do: without a sanitizer, which wants a nightly one, and finds what safe Rust can't do. Stripped, as
# for a deployment, a panic would not say where it was.
cargo_fuzz() {
  env CARGO_PROFILE_RELEASE_STRIP=none "$FUZZ_TOOLS/bin/cargo-fuzz" "$@" \
    --fuzz-dir "$ROOT/tests/fuzz" --target-dir "$FUZZ_BUILT" --features libfuzzer --sanitizer none --codegen-units 16
}

# fuzz TARGET SECONDS: goes on from what earlier runs found; the corpus of the repository only gives.
fuzz() {
  local target=$1 seconds=$2 log=$LOGS/fuzz-$1.log status=0
  mkdir -p "$FUZZ_FOUND/$target/corpus" "$FUZZ_FOUND/$target/failures"
  rm -f "$FUZZ_FOUND/$target/failures"/*
  attended "$(fuzz_binary "$target")" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$FUZZ_FOUND/$target/failures/" "$FUZZ_FOUND/$target/corpus" "$FUZZ_CORPUS/$target" \
    >"$log" 2>&1 || status=$?
  [[ $status -eq 0 ]] || FAILED+=("$target")
  printf '    %-14s %12s %8d %8d\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(count_files "$FUZZ_FOUND/$target/corpus")" "$(count_files "$FUZZ_FOUND/$target/failures")"
}

fuzz_binary() { printf '%s' "$FUZZ_BUILT/$(rustc -vV | sed -n 's/^host: //p')/release/$1"; }

count_files() { find "$1" -type f | wc -l; }

# What a target ended with, and how to have it end so again.
show_failures() {
  local input
  grep -a -m 1 -A 3 'panicked at' "$LOGS/fuzz-$1.log" | sed 's/^/    | /' || show_log "$LOGS/fuzz-$1.log"
  for input in "$FUZZ_FOUND/$1/failures"/*; do
    say "to run it again: $(fuzz_binary "$1") $input"
  done
}
