# shellcheck shell=bash
# Debian packages: only what is missing, only as root or by sudo, and without starting Debian's own servers.

readonly SERVICE_POLICY=/usr/sbin/policy-rc.d
readonly CLUSTER_CONFIG=/etc/postgresql-common/createcluster.conf

# install_packages PART...: what those parts want and this machine lacks.
install_packages() {
  local part
  MISSING=()
  for part in "$@"; do "packages_for_$part"; done
  [[ ${#MISSING[@]} -gt 0 ]] || return 0
  mapfile -t MISSING < <(printf '%s\n' "${MISSING[@]}" | sort -u)
  title "Installing Debian packages: ${MISSING[*]}"
  command -v apt-get >/dev/null ||
    fail "This system has no apt-get, and something is missing." \
      "Install what Debian calls: ${MISSING[*]}" "Or run the services by Docker, which wants fewer of them."
  choose_sudo
  # In a shell of its own, whose end undoes what held the servers back.
  (
    trap let_servers_go EXIT
    hold_servers_back
    quietly "$LOGS/apt.log" apt_get update || fail "apt-get update failed." "Mend the package sources, then try again."
    # Debian's own cluster must not be made: it would sit on port 5432 from the next boot on.
    if [[ " ${MISSING[*]} " == *" postgresql "* && ! -e $CLUSTER_CONFIG ]]; then
      apt_install postgresql-common
      as_root sed -i.crosswalk 's/^#\?create_main_cluster *=.*/create_main_cluster = false/' "$CLUSTER_CONFIG"
    fi
    apt_install "${MISSING[@]}"
    if [[ " ${MISSING[*]} " == *" redis-server "* ]]; then
      as_root update-rc.d redis-server disable >>"$LOGS/apt.log" 2>&1 || true
    fi
  )
  say "installed"
}

apt_install() {
  quietly "$LOGS/apt.log" apt_get install "$@" ||
    fail "apt-get could not install: $*" "Install them by hand, then try again."
}

packages_for_services() {
  want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
  want curl command -v curl
  want postgresql postgres_programs
  want redis-server command -v redis-server
  want redis-tools command -v redis-cli
  want default-jre-headless command -v java
  kafka_jars_present || want maven command -v mvn
  localstack_installed || want_python
}

packages_for_build() {
  want build-essential eval 'command -v cc && command -v c++ && command -v make'
  want cmake command -v cmake
  want perl command -v perl
  want pkg-config command -v pkg-config
}

packages_for_tools() {
  want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
  want curl command -v curl
  python_tools_installed || want_python
}

# zig brings its own C library.
packages_for_cross() { :; }

packages_for_package() {
  want binutils command -v readelf
  want libc6-arm64-cross test -e "$ARM_LIBRARIES/lib/libc.so.6"
  want qemu-user command -v qemu-aarch64
}

packages_for_tests() {
  want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
  { python_tools_installed && conformance_tools_installed; } || want_python
}

packages_for_check() {
  want shellcheck command -v shellcheck
  want ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
  { python_tools_installed && check_tools_installed; } || want_python
}

# libFuzzer is C++, and comes with its crate.
packages_for_fuzz() { packages_for_build; }

want_python() {
  want python3 command -v python3
  want python3-venv python3 -c 'import ensurepip, venv'
}

# want PACKAGE TEST...
want() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || MISSING+=("$package")
}

# Root needs no sudo; a person at a terminal may be asked for a password, a script may not.
choose_sudo() {
  if [[ $EUID -eq 0 ]]; then
    SUDO=()
  elif command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
    SUDO=(sudo)
  else
    fail "Debian packages are missing, and installing them takes root or sudo." \
      "Have someone run: apt-get update && apt-get install ${MISSING[*]}"
  fi
}

as_root() { "${SUDO[@]}" "$@"; }

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}

# Debian asks this script before it starts any service of a new package; 101 means no.
hold_servers_back() {
  if [[ -e $SERVICE_POLICY ]] && ! grep -q crosswalk "$SERVICE_POLICY"; then
    as_root mv "$SERVICE_POLICY" "$SERVICE_POLICY.crosswalk"
  fi
  printf '#!/bin/sh\n# For the time that crosswalk installs packages.\nexit 101\n' | as_root tee "$SERVICE_POLICY" >/dev/null
  as_root chmod 755 "$SERVICE_POLICY"
}

let_servers_go() {
  as_root rm -f "$SERVICE_POLICY"
  if [[ -e $SERVICE_POLICY.crosswalk ]]; then as_root mv "$SERVICE_POLICY.crosswalk" "$SERVICE_POLICY"; fi
  if [[ -e $CLUSTER_CONFIG.crosswalk ]]; then as_root mv "$CLUSTER_CONFIG.crosswalk" "$CLUSTER_CONFIG"; fi
}
