# shellcheck shell=bash
# The functions as Lambda runs them: built for arm64 on any machine, and checked there.

readonly PACKAGES=$TARGET/lambda ARM=aarch64-unknown-linux-gnu ARM_LIBRARIES=/usr/aarch64-linux-gnu
# The C library of provided.al2023 (https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html).
readonly GLIBC_OF_LAMBDA=2.34
# Together with what it unpacks to (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
readonly UNPACKED_AT_MOST=$((250 * 1024 * 1024))

stage_package() {
  stop_started_at_exit
  exclusively install_chosen build tools cross package
  build_packages
  title "Checking the packages"
  attended check_packages
}

build_packages() {
  local began=$SECONDS names
  if packages_are_current; then
    say "target/lambda is up to date"
    return
  fi
  mapfile -t names < <(function_names)
  title "Building ${#names[@]} functions for arm64; the first time takes a quarter of an hour"
  mkdir -p "$PACKAGES"
  # A file that changes during the build is newer than this mark, and causes another build.
  touch "$PACKAGES/building"
  # cargo-lambda finds zig, its cross compiler, on the path.
  attended env PATH="$PYTHON_TOOLS/bin:$PATH" "$CARGO_LAMBDA" lambda build --locked --release --arm64 \
    --lambda-dir "$PACKAGES" "${names[@]/#/--package=}"
  mv "$PACKAGES/building" "$PACKAGES/built"
  say "took $((SECONDS - began)) s"
}

# Whether no file of the repository is newer than the last build. cargo would find out the same, for each function again.
packages_are_current() {
  local name
  [[ -e $PACKAGES/built ]] || return 1
  for name in $(function_names); do [[ -x $PACKAGES/$name/bootstrap ]] || return 1; done
  [[ -z $(find "$ROOT" \( -path "$TARGET" -o -path "$FIRST_LOCAL" -o -name .git -o -name .aws-sam \) -prune \
    -o -type f -newer "$PACKAGES/built" -print -quit) ]]
}

# build_function LOGICAL_ID FOLDER: puts the function of template.yaml with this logical id into the folder. `sam build`
# calls it through functions/Makefile.
build_function() {
  local name
  [[ $# -eq 2 ]] || fail "build-function wants the logical id of a function and a folder."
  name=$(printf '%s\n' "$1" | sed 's/\([a-z0-9]\)\([A-Z]\)/\1-\2/g' | tr '[:upper:]' '[:lower:]')
  [[ -d $ROOT/functions/$name ]] || fail "There is no functions/$name for $1." "Name the resource after the folder."
  stop_started_at_exit
  exclusively install_chosen build tools cross
  # One build at a time, as with `sam build --parallel`.
  exclusively build_packages
  mkdir -p "$2"
  cp "$PACKAGES/$name/bootstrap" "$2/bootstrap"
}

# One folder a function, as in template.yaml.
function_names() {
  local manifest
  for manifest in "$ROOT"/functions/*/Cargo.toml; do basename "$(dirname "$manifest")"; done
}

# Each package's size, what it needs of the C library, and how long it takes to ask for its first invocation.
check_packages() {
  local name
  printf '    %-26s %10s %12s %7s %16s\n' function "zip, KB" "unpacked, KB" glibc "starts, emulated"
  for name in $(function_names); do check_package "$name"; done
  check_refusal
  check_kafka_login
}

check_package() {
  local name=$1 zip unpacked glibc start
  [[ -x $PACKAGES/$name/bootstrap ]] || fail "There is no package of $name." "Its build failed: see above."
  # As large as the one that sam makes; that one has a name made from what is in it, so that what didn't change is not
  # deployed again.
  zip=$(zipped_size "$name")
  unpacked=$(du -sb "$PACKAGES/$name" | cut -f 1)
  ((unpacked <= UNPACKED_AT_MOST)) || fail "$name is $unpacked bytes unpacked; Lambda takes $UNPACKED_AT_MOST."
  glibc=$(glibc_needed "$PACKAGES/$name/bootstrap")
  printf '%s\n%s\n' "$glibc" "$GLIBC_OF_LAMBDA" | sort -CV ||
    fail "$name needs glibc $glibc; provided.al2023 has $GLIBC_OF_LAMBDA."
  start=$(emulated "$name") || fail "$name does not start on arm64." "Its output is above."
  printf '    %-26s %10d %12d %7s %16s\n' "$name" $((zip / 1024)) $((unpacked / 1024)) "$glibc" "$start"
}

zipped_size() {
  local zip status=0
  zip=$(mktemp)
  (cd "$PACKAGES/$1" && "$PYTHON_TOOLS/bin/python" -m zipfile -c "$zip" ./*) || status=$?
  stat -c %s "$zip"
  rm -f "$zip"
  return "$status"
}

# The newest version of glibc that a symbol of the program asks for.
glibc_needed() {
  readelf --version-info "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu | tail -n 1
}

# A whole invocation, through the runtime and back, of the one function that needs no store.
check_refusal() {
  local answer
  answer=$(emulated refuse-route --event "$ROOT/localstack/python/no_such_route.json") ||
    fail "refuse-route does not answer on arm64." "Its output is above."
  [[ $answer == *'"statusCode":404'* ]] || fail "refuse-route answered what it should not." "$answer"
  say "refuse-route answers an invocation on arm64 with 404"
}

# librdkafka keeps the list of what it was built with.
check_kafka_login() {
  LC_ALL=C grep -aq 'sasl_oauthbearer' "$PACKAGES/relay-outbox/bootstrap" ||
    fail "relay-outbox can't log in to MSK: librdkafka has no OAUTHBEARER."
  say "relay-outbox can log in to MSK: librdkafka has TLS and SASL/OAUTHBEARER"
}

emulated() {
  local program=$PACKAGES/$1/bootstrap
  shift
  "$PYTHON_TOOLS/bin/python" "$ROOT/localstack/python/runtime_api.py" "$@" \
    qemu-aarch64 -L "$ARM_LIBRARIES" "$program"
}

stage_deploy() {
  local stage=${1:-default}
  stage_package
  exclusively install_chosen check
  title "Deploying the stack of samconfig.toml's [$stage]"
  # In the foreground: sam may ask a question, and handles a signal itself.
  (
    cd "$ROOT"
    export SAM_CLI_TELEMETRY=0
    "$CHECK_TOOLS/bin/sam" build --config-env "$stage"
    "$CHECK_TOOLS/bin/sam" deploy --config-env "$stage"
  )
}
