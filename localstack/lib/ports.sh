# shellcheck shell=bash
# Ports that someone else holds.

# require_port PORT TITLE VARIABLE [EXTRA]: fails with the holder's name when something listens there. EXTRA says how the
# port follows from the variable where it isn't the variable's own value.
require_port() {
  local port=$1 title=$2 variable=$3 extra=${4:-} holder
  port_listens "$port" || return 0
  holder=$(port_holder "$port")
  fail "Port $port, which $title needs, is taken by ${holder:-a process that this user may not see}." \
    "Stop that process, or choose another port, for example: $variable=$((${!variable} + 1000)) make up${extra:+ ($extra)}"
}

port_listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The command and process id of the listener, as far as this user may know it and ss or lsof is there to ask.
port_holder() {
  local pid=
  if command -v ss >/dev/null; then
    pid=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | head -n 1)
  elif command -v lsof >/dev/null; then
    pid=$(lsof -nP -t -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | head -n 1)
  fi
  [[ -z $pid ]] || printf '%s (process %s)' "$(command_line "$pid" | tr '\n' ' ' | cut -c 1-100 | sed 's/ *$//')" "$pid"
}
