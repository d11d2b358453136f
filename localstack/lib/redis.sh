# shellcheck shell=bash
# Redis from this machine's own package.

start_redis() {
  command -v redis-server >/dev/null || fail "Redis is missing." "Run: localstack/local.sh install services"
  mkdir -p "$DATA/redis"
  start_process redis "$CROSSWALK_REDIS_PORT" "--dir $DATA/redis" \
    "$(command -v redis-server)" "$ROOT/localstack/redis/redis.conf" \
    --bind 127.0.0.1 --port "$CROSSWALK_REDIS_PORT" --dir "$DATA/redis"
  wait_for_answer redis Redis 30 "$STARTED_PID" redis_answers
}

# A cluster refuses commands until all slots are given out, the first time, and for about a second after each start.
redis_answers() {
  local info
  info=$(timeout 5 redis-cli -p "$CROSSWALK_REDIS_PORT" cluster info 2>/dev/null) || return 1
  [[ $info != *cluster_slots_assigned:0[^0-9]* ]] ||
    timeout 5 redis-cli -p "$CROSSWALK_REDIS_PORT" cluster addslotsrange 0 16383 >/dev/null
  [[ $info == *cluster_state:ok* ]]
}

stop_redis() { stop_process redis; }

require_ports_redis() {
  require_port "$CROSSWALK_REDIS_PORT" Redis CROSSWALK_REDIS_PORT
  require_port $((CROSSWALK_REDIS_PORT + 10000)) "Redis's cluster bus" CROSSWALK_REDIS_PORT "the bus is 10000 above it"
}
