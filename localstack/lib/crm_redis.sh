# shellcheck shell=bash
# The CRM's own Redis, from this machine's own package.

start_crm_redis() {
  command -v redis-server >/dev/null || fail "Redis is missing." "Run: localstack/local.sh install services"
  mkdir -p "$DATA/crm_redis"
  start_process crm_redis "$CROSSWALK_CRM_REDIS_PORT" "--dir $DATA/crm_redis" \
    "$(command -v redis-server)" "$ROOT/localstack/redis/crm.conf" \
    --bind 127.0.0.1 --port "$CROSSWALK_CRM_REDIS_PORT" --dir "$DATA/crm_redis"
  wait_for_answer crm_redis "the CRM's Redis" 30 "$STARTED_PID" crm_redis_answers
}

# It refuses to say PONG while it still reads its file.
crm_redis_answers() {
  [[ $(timeout 5 redis-cli -p "$CROSSWALK_CRM_REDIS_PORT" ping 2>/dev/null) == PONG ]]
}

stop_crm_redis() { stop_process crm_redis; }

require_ports_crm_redis() { require_port "$CROSSWALK_CRM_REDIS_PORT" "the CRM's Redis" CROSSWALK_CRM_REDIS_PORT; }
