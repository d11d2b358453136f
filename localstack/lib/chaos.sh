# shellcheck shell=bash
# Everything is killed, cut and reset under load, in a set of services of its own: what is up is left alone.

stage_chaos() {
  stop_started_at_exit
  if [[ $SET != chaos ]]; then
    exclusively install_chosen services build
    build
    name_set chaos
    attended env "${SET_VARIABLES[@]}" "$ROOT/localstack/local.sh" chaos
    return
  fi
  trap 'leave_nothing $?' EXIT
  # What a killed one has left.
  make_folders
  exclusively services_wipe >"$LOGS/wipe.log"
  exclusively services_up
  play_chaos
}

# The last line says how it went, and is to be the last of all: it waits until everything is gone.
play_chaos() {
  local status=0 log=$LOGS/chaos.log
  title "Chaos"
  say "the functions' logs are in ${log#"$ROOT/"}"
  read_service_variables
  keep_summary attended env "${SERVICE_VARIABLES[@]}" CROSSWALK_LOG=off "$TARGET/debug/crosswalk-chaos" 2>"$log" || status=$?
  [[ -s $RUN/summary ]] || fail "It broke off with status $status." "The end of its log: tail ${log#"$ROOT/"}"
  remove_set
  printf '\n'
  cat "$RUN/summary"
  exit "$status"
}

# On the way out, however it came to that.
leave_nothing() {
  trap '' INT TERM HUP
  trap - EXIT
  end_jobs
  remove_set
  exit "$1"
}

# Everything in it was made for this one time.
remove_set() {
  [[ ${#STARTED[@]} -gt 0 ]] || return 0
  STARTED=()
  services_wipe
}
