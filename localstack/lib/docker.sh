# shellcheck shell=bash
# The services as containers.

# A docker command without an engine behind it is common, so the engine is asked.
docker_answers() {
  command -v docker >/dev/null && timeout 5 docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1
}

compose() {
  env CROSSWALK_POSTGRES_PORT="$CROSSWALK_POSTGRES_PORT" CROSSWALK_REDIS_PORT="$CROSSWALK_REDIS_PORT" \
    CROSSWALK_KAFKA_PORT="$CROSSWALK_KAFKA_PORT" CROSSWALK_LOCALSTACK_PORT="$CROSSWALK_LOCALSTACK_PORT" \
    CROSSWALK_CRM_REDIS_PORT="$CROSSWALK_CRM_REDIS_PORT" \
    KAFKA_PROXIED_LISTENER_PORT="$KAFKA_PROXIED_LISTENER_PORT" KAFKA_PROXY_PORT="$KAFKA_PROXY_PORT" \
    docker compose --project-name "crosswalk${SET:+-$SET}" --file "$ROOT/localstack/compose.yaml" "$@"
}

docker_runs() { [[ " $(compose ps --services --status running 2>/dev/null | tr '\n' ' ') " == *" $1 "* ]]; }

# Compose starts what doesn't run, and waits for the health checks of all.
start_by_docker() {
  compose up --detach --wait --wait-timeout 180 ||
    fail "The containers did not all start." "Look at: docker compose -p crosswalk${SET:+-$SET} -f localstack/compose.yaml logs"
}

# The folders of the data are volumes of the compose project: containers write them under users of their own, whose files
# a person could not remove from the checkout.
stop_by_docker() { compose down; }

wipe_by_docker() { compose down --volumes; }
