# shellcheck shell=bash
# The five services together.

readonly SERVICES=(postgres redis kafka localstack crm_redis)

# Sets MODE to docker or native, once. What runs already decides, then the person, then what the machine has.
choose_mode() {
  [[ -z ${MODE:-} ]] || return 0
  local wanted=${CROSSWALK_SERVICES:-} running
  [[ $wanted =~ ^(docker|native)?$ ]] || fail "CROSSWALK_SERVICES is '$wanted'." "Set it to docker or native, or leave it out."
  running=$(running_mode)
  if [[ -n $running ]]; then
    [[ -z $wanted || $wanted == "$running" ]] ||
      fail "The services run already, and not by '$wanted' but by '$running'." "Stop them first: make down"
    MODE=$running
  elif [[ -n $wanted ]]; then
    [[ $wanted == native ]] || docker_answers ||
      fail "CROSSWALK_SERVICES is docker, but no engine answers 'docker info', or 'docker compose' is missing." \
        "Start Docker, or leave the variable out."
    MODE=$wanted
  elif docker_answers; then
    MODE=docker
  else
    MODE=native
  fi
}

running_mode() {
  local service
  for service in "${SERVICES[@]}"; do
    if process_runs "$service"; then
      printf native
      return
    fi
  done
  [[ ! -e $RUN/docker ]] || printf docker
}

# Starts what doesn't run, all at once, and adds it to STARTED.
services_up() {
  local service starting=()
  choose_mode
  title "Services ($([[ $MODE == docker ]] && printf 'by Docker' || printf 'natively, without Docker'))"
  check_running_ports
  for service in "${SERVICES[@]}"; do
    service_runs "$service" || starting+=("$service")
  done
  for service in "${starting[@]}"; do "require_ports_$service"; done
  remember_ports
  if [[ $MODE == docker ]]; then
    [[ ${#starting[@]} -eq 0 ]] || STARTED+=(docker)
    : >"$RUN/docker"
    start_by_docker
  else
    STARTED+=("${starting[@]}")
    start_natively "${starting[@]}"
  fi
  write_services_env
  say "addresses are in ${SERVICES_ENV#"$ROOT/"}"
}

start_natively() {
  local service failed=0
  for service in "${SERVICES[@]}"; do
    if [[ " $* " == *" $service "* ]]; then
      "start_$service" &
    else
      await_running "$service" &
    fi
    JOBS+=("$!")
  done
  for service in "${JOBS[@]}"; do wait "$service" || failed=1; done
  JOBS=()
  [[ $failed -eq 0 ]] || fail "Not all services are up." "The reason is above."
}

# One that runs may still be busy starting, or be stopped in its tracks.
await_running() {
  wait_until 30 "$1_answers" ||
    fail "$1 runs, but did not answer within 30 seconds." "Its log is ${LOGS#"$ROOT/"}/$1.log; make down stops it."
  say "$1 was up already"
}

service_runs() { if [[ $MODE == docker ]]; then docker_runs "$1"; else process_runs "$1"; fi; }

# What tells this run of a service from the one before.
service_instance() { if [[ $MODE == docker ]]; then compose ps --quiet "$1"; else process_id "$1"; fi; }

# Ports can't change under a running service.
check_running_ports() {
  local service variable
  [[ $MODE == native ]] || return 0
  for service in "${SERVICES[@]}"; do
    variable=CROSSWALK_${service^^}_PORT
    if process_runs "$service" && [[ $(process_port "$service") != "${!variable}" ]]; then
      fail "$service runs on port $(process_port "$service"), and $variable is ${!variable}." "Stop it first: make down"
    fi
  done
}

# On its own: what it started stays, unless something failed.
services_up_alone() {
  stop_started_at_exit
  install_chosen services
  services_up
  keep_started
}

services_down() {
  choose_mode
  functions_down
  title "Stopping the services"
  stop_services "${SERVICES[@]}"
}

# stop_services SERVICE...: in parallel; those that don't run are left alone.
stop_services() {
  local service jobs=()
  if [[ $MODE == docker ]]; then
    if [[ -e $RUN/docker ]]; then stop_by_docker; fi
    rm -f "$RUN/docker"
  fi
  for service in "$@"; do
    process_runs "$service" || continue
    "stop_$service" &
    jobs+=("$!")
  done
  for service in "${jobs[@]}"; do wait "$service"; done
  [[ ${#jobs[@]} -eq 0 ]] || say "stopped; the data stays in ${DATA#"$ROOT/"}"
}

# As if its machine had failed: whatever it was doing, it is gone when this returns. It is no start or stop that others
# would have to wait for.
services_kill() {
  local service=$1 pid
  [[ " ${SERVICES[*]} " == *" $service "* ]] || fail "There is no service '$service'." "The services are: ${SERVICES[*]}"
  choose_mode
  if [[ $MODE == docker ]]; then
    compose kill "$service"
  else
    pid=$(process_id "$service") || fail "$service does not run."
    kill -s KILL "$pid"
    wait_until 5 process_ended "$service" || fail "$service (process $pid) can't be ended." "Look at it with ps, then try again."
  fi
}

services_status() {
  local service variable state answering=1
  choose_mode
  for service in "${SERVICES[@]}"; do
    variable=CROSSWALK_${service^^}_PORT
    state="not running"
    if service_runs "$service"; then
      state="running, but does not answer"
      if [[ $MODE == docker ]] || "${service}_answers"; then state="answers"; fi
    fi
    [[ $state == answers ]] || answering=0
    printf '%-12s 127.0.0.1:%-6s %s (%s)\n' "$service" "${!variable}" "$state" "$MODE"
  done
  [[ $answering -eq 1 ]]
}

services_wipe() {
  services_down
  title "Removing the services' data"
  if [[ $MODE == docker ]]; then wipe_by_docker; fi
  rm -rf "$DATA" "$SERVICES_ENV" "$LOCAL/functions.env" "$LOCAL/env" "$LOCAL/ports"
  if [[ $EUID -eq 0 ]]; then rm -rf "$(postgres_folder_elsewhere)"; fi
  say "removed"
}
