# shellcheck shell=bash
# How a command ends: by itself, by a signal, or by a failed step, and what it stops then.

# Subshells that start services, and the long step that is under way; both end with this script.
JOBS=()
STEP=

# attended COMMAND...: a long step that doesn't hold up the answer to a signal. Bash runs a trap only when the command in
# front has ended, but at once while it waits for one in the background. A session of its own makes it one group to end.
attended() {
  local status=0
  if [[ $(type -t "$1") == function ]]; then
    "$@" &
  else
    setsid "$@" &
  fi
  STEP=$!
  wait "$STEP" || status=$?
  STEP=
  return "$status"
}

stop_started_at_exit() {
  trap 'leave $?' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

keep_started() {
  STARTED=()
  trap - EXIT INT TERM HUP
}

leave() {
  # The way out is not to be left half-way, however often Ctrl-C is pressed.
  trap '' INT TERM HUP
  trap - EXIT
  end_jobs
  stop_started
  exit "$1"
}

end_jobs() {
  local job
  if [[ -n $STEP ]]; then kill -TERM -- "-$STEP" 2>/dev/null || kill -TERM "$STEP" 2>/dev/null || true; fi
  for job in "${JOBS[@]}" $STEP; do
    kill -TERM "$job" 2>/dev/null || true
    # Not by wait: bash, interrupted just as the job began, may wait for ever for one that it has reaped already.
    wait_until 30 job_ended "$job" || kill -KILL "$job" 2>/dev/null || true
  done
}

job_ended() { [[ -z $(command_line "$1") ]]; }

# Stops what this invocation started, last first; what was up before stays.
stop_started() {
  local name services=()
  [[ ${#STARTED[@]} -gt 0 ]] || return 0
  title "Stopping what was started"
  for name in triggers functions acme-crm; do
    [[ " ${STARTED[*]} " != *" $name "* ]] || stop_process "$name"
  done
  for name in "${SERVICES[@]}"; do
    [[ " ${STARTED[*]} " != *" $name "* ]] || services+=("$name")
  done
  if [[ $MODE == docker && " ${STARTED[*]} " != *" docker "* ]]; then MODE=native; fi
  stop_services "${services[@]}"
  STARTED=()
}
