# shellcheck shell=bash
# LocalStack, for Secrets Manager, from PyPI.

start_localstack() {
  localstack_installed || fail "LocalStack is missing." "Run: localstack/local.sh install services"
  mkdir -p "$DATA/localstack"
  # OVERRIDE_IN_DOCKER: it takes some machines for its own container, and then looks for folders that aren't there.
  # It keeps nothing over a restart; the seed makes the secrets again.
  start_process localstack "$CROSSWALK_LOCALSTACK_PORT" "$LOCALSTACK_VENV/bin/python $ROOT/localstack/python/localstack" \
    env OVERRIDE_IN_DOCKER=0 FILESYSTEM_ROOT="$DATA/localstack" GATEWAY_LISTEN="127.0.0.1:$CROSSWALK_LOCALSTACK_PORT" \
    DISABLE_EVENTS=1 DNS_ADDRESS=0 SKIP_SSL_CERT_DOWNLOAD=1 SERVICES=secretsmanager \
    "$LOCALSTACK_VENV/bin/python" "$ROOT/localstack/python/localstack_on_loopback.py"
  wait_for_answer localstack LocalStack 90 "$STARTED_PID" localstack_answers
}

# Its health page answers before Secrets Manager is loaded, which the first call does and takes seconds for. So this makes
# one; LocalStack reads the service's name from the credential and checks no signature.
localstack_answers() {
  curl -fs -m 10 -o /dev/null "http://127.0.0.1:$CROSSWALK_LOCALSTACK_PORT/" \
    -H 'Content-Type: application/x-amz-json-1.1' -H 'X-Amz-Target: secretsmanager.ListSecrets' -d '{}' \
    -H 'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0'
}

stop_localstack() { stop_process localstack; }

require_ports_localstack() { require_port "$CROSSWALK_LOCALSTACK_PORT" LocalStack CROSSWALK_LOCALSTACK_PORT; }
