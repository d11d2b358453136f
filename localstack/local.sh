#!/usr/bin/env bash
# Crosswalk on one machine: the services, the functions, the tests. See --help.
# shellcheck source-path=SCRIPTDIR/..
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
cd "$ROOT"
source localstack/lib/say.sh
source localstack/lib/settings.sh
source localstack/lib/processes.sh
source localstack/lib/ports.sh
source localstack/lib/packages.sh
source localstack/lib/tools.sh
source localstack/lib/postgres.sh
source localstack/lib/redis.sh
source localstack/lib/kafka.sh
source localstack/lib/localstack.sh
source localstack/lib/crm_redis.sh
source localstack/lib/docker.sh
source localstack/lib/services.sh
source localstack/lib/crm.sh
source localstack/lib/functions.sh
source localstack/lib/package.sh
source localstack/lib/bench.sh
source localstack/lib/fuzz.sh
source localstack/lib/ending.sh
source localstack/lib/personal_data.sh
source localstack/lib/stages.sh
source localstack/lib/chaos.sh

usage() {
  cat <<'TEXT'
Usage: localstack/local.sh COMMAND

  run                everything in the foreground: services, functions, the tour; Ctrl-C stops what it started
  demo               the same, but ends after the tour
  up, down           everything in the background; stop it again
  test [ARGUMENTS]   all tests against the real services; the arguments go to cargo test
  test-long          tests that take minutes or want a quiet machine
  chaos              kills, cuts and resets everything under load, and counts what was accepted: ROUNDS of them (10), by
                     SEED in the order of one that was printed; with services of its own
  check              formatting, lints, documentation, layering, shell scripts, the templates, dependencies
  fuzz [TARGET...]   what must hold whatever comes in, by libFuzzer; SECONDS_EACH seconds each (30)
  bench [ARGUMENTS]  measures everything beside its floor; bench --help says what can be chosen
  package            builds every function for arm64 into target/lambda and checks it
  deploy [STAGE]     package, then sam build and sam deploy with that environment of samconfig.toml (default)
  smoke URL          checks a deployed stack from outside; the client and the connection come from the environment
  build-function ID FOLDER
                     for sam build: the function with that logical id, for arm64, into the folder
  install [PART...]  installs what is missing on this machine, of: services build tools tests cross package check fuzz
                     (all of them by default)
  services up        PostgreSQL, Redis, Kafka, LocalStack and the CRM's Redis, by Docker or natively; writes
                     .local/services.env
  services down      stops them; their data stays
  services status    says what runs where; exit status 1 unless all answer
  services kill NAME ends one of them by SIGKILL, as a crash would
  services wipe      stops everything and removes the services' data
  clean              wipe, and removes .local and cargo's target folder

Variables
  CROSSWALK_SERVICES         docker or native (default: docker when an engine answers)
  CROSSWALK_POSTGRES_PORT    15432
  CROSSWALK_REDIS_PORT       16379; its cluster bus is 10000 above
  CROSSWALK_KAFKA_PORT       19092; the ports 1, 3 and 4 above it belong to Kafka too
  CROSSWALK_LOCALSTACK_PORT  14566
  CROSSWALK_CRM_REDIS_PORT   16380
  CROSSWALK_HTTP_PORT        19000
  CROSSWALK_CRM_PORT         19001
A port that was chosen is remembered in .local/ports until the next wipe.
TEXT
}

main() {
  local command=${1:-}
  shift || true
  case $command in
    run | demo | up | down | test | chaos | check | fuzz | bench | package | deploy | clean) "stage_$command" "$@" ;;
    smoke) stage_smoke "$@" ;;
    build-function) build_function "$@" ;;
    test-long) stage_test_long "$@" ;;
    install) install_parts "$@" ;;
    services) services "$@" ;;
    -h | --help | help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

services() {
  case ${1:-} in
    up) exclusively services_up_alone ;;
    down) exclusively services_down ;;
    status) services_status ;;
    kill) services_kill "${2:-}" ;;
    wipe) exclusively services_wipe ;;
    *) fail "services wants one of: up, down, status, kill, wipe" ;;
  esac
}

main "$@"
