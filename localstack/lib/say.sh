# shellcheck shell=bash
# What the scripts tell the person at the terminal.

# A stage that may take a while.
title() { printf '\n==> %s\n' "$*"; }

# Something within a stage.
say() { printf '    %s\n' "$*"; }

# Ends the script. Every message says what to do next.
fail() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  [[ $# -eq 0 ]] || printf '       %s\n' "$@" >&2
  exit 1
}

# The end of a log, for the person who would otherwise have to look for it.
show_log() {
  printf '\n    the last lines of %s:\n' "${1#"$ROOT/"}" >&2
  tail -n 20 "$1" 2>/dev/null | sed 's/^/    | /' >&2 || true
}

# quietly LOG COMMAND...: keeps a chatty command's output in a log, and shows its end when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null && return
  show_log "$log"
  return 1
}
