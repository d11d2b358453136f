# shellcheck shell=bash
# Background processes, each known by a file in .local/run: its process id, its port, and a piece of its command line.

# What this invocation started, in order: the names of processes, or `docker`.
STARTED=()

# start_process NAME PORT MARKER COMMAND...
# A session of its own keeps the terminal's Ctrl-C from it, so that things are stopped in order. The marker tells the
# process from another that got the same id later.
start_process() {
  local name=$1 port=$2 marker=$3
  shift 3
  # The lock's descriptor must not outlive this script in a child.
  (exec setsid "$@") >"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
  STARTED_PID=$!
  # Until the command has taken the shell's place, its command line is still this script's.
  wait_until 10 command_took_over "$STARTED_PID" "$marker" || true
  printf '%s\n%s\n%s\n' "$STARTED_PID" "$port" "$marker" >"$RUN/$name.pid"
}

command_took_over() { [[ $(command_line "$1") == *"$2"* ]] || ! kill -0 "$1" 2>/dev/null; }

# Prints the id of a process that start_process started and that still lives; forgets one that doesn't.
process_id() {
  local file=$RUN/$1.pid pid port marker
  [[ -r $file ]] || return 1
  { read -r pid && read -r port && read -r marker; } <"$file" || return 1
  if [[ -z $pid || $(command_line "$pid") != *"$marker"* ]]; then
    rm -f "$file"
    return 1
  fi
  printf '%s' "$pid"
}

process_runs() { process_id "$1" >/dev/null; }

# The port a running process was started with.
process_port() { sed -n 2p "$RUN/$1.pid"; }

# Empty for a process that is gone, or is only waiting to be reaped.
command_line() {
  if [[ -d /proc/self ]]; then
    { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null || true
  else
    ps -o command= -p "$1" 2>/dev/null || true
  fi
}

# stop_process NAME [SIGNAL]: asks it to end, and ends it after 20 seconds if it didn't.
stop_process() {
  local name=$1 signal=${2:-TERM} pid
  pid=$(process_id "$name") || return 0
  kill -s "$signal" "$pid" 2>/dev/null || ! process_runs "$name" ||
    fail "$name (process $pid) belongs to another user." "Stop it as the user who started it."
  if ! wait_until 20 process_ended "$name"; then
    say "$name (process $pid) did not end when asked; ending it by force"
    kill -s KILL "$pid" 2>/dev/null || true
    wait_until 5 process_ended "$name" || fail "$name (process $pid) can't be ended." "Look at it with ps, then try again."
  fi
}

process_ended() { ! process_runs "$1"; }

# wait_until SECONDS COMMAND...: until the command succeeds, or the time is over.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# wait_for_answer NAME TITLE SECONDS PID COMMAND...: until the command succeeds; fails as soon as the process has ended.
wait_for_answer() {
  local name=$1 title=$2 seconds=$3 pid=$4 began
  shift 4
  began=$(date +%s%N)
  if wait_until "$seconds" answers_or_ended "$pid" "$@" && kill -0 "$pid" 2>/dev/null; then
    say "$title answers after $(elapsed_since "$began") s"
    return
  fi
  show_log "$LOGS/$name.log"
  if kill -0 "$pid" 2>/dev/null; then
    fail "$title did not answer within $seconds seconds." "Its log is ${LOGS#"$ROOT/"}/$name.log."
  fi
  fail "$title ended before it answered." "Its log is ${LOGS#"$ROOT/"}/$name.log."
}

answers_or_ended() {
  local pid=$1
  shift
  "$@" || ! kill -0 "$pid" 2>/dev/null
}

# Seconds with one decimal since a moment of `date +%s%N`.
elapsed_since() {
  local tenths=$((($(date +%s%N) - $1) / 100000000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}
