# shellcheck shell=bash
# The mock of AcmeCRM, as a process.

# Before the functions: what they are told to call is there when they start.
start_crm() {
  local fingerprint
  read_crm_variables
  fingerprint=$(crm_fingerprint)
  title "The CRM"
  if process_runs acme-crm; then
    [[ $(process_port acme-crm) == "$CROSSWALK_CRM_PORT" ]] ||
      fail "The CRM runs on port $(process_port acme-crm), and CROSSWALK_CRM_PORT is $CROSSWALK_CRM_PORT." \
        "Stop it first: make down"
    if [[ $fingerprint == "$(cat "$RUN/acme-crm.fingerprint" 2>/dev/null)" ]]; then
      wait_until 30 crm_answers ||
        fail "The CRM runs, but $CRM_URL/health is not 200." "Its log is .local/logs/acme-crm.log."
      say "up already, and unchanged"
      return
    fi
    say "something changed; starting it again"
    stop_process acme-crm
  else
    STARTED+=(acme-crm)
  fi
  require_port "$CROSSWALK_CRM_PORT" "the CRM" CROSSWALK_CRM_PORT
  start_process acme-crm "$CROSSWALK_CRM_PORT" "acme-crm serve --listen 127.0.0.1:$CROSSWALK_CRM_PORT" \
    env "${CRM_VARIABLES[@]}" "$TARGET/debug/acme-crm" serve --listen "127.0.0.1:$CROSSWALK_CRM_PORT"
  wait_for_answer acme-crm "$CRM_URL/health" 30 "$STARTED_PID" crm_answers
  printf '%s' "$fingerprint" >"$RUN/acme-crm.fingerprint"
}

crm_answers() { curl -fs -m 10 -o /dev/null "$CRM_URL/health"; }

# Sets CRM_VARIABLES, for env(1): the account that the seed wrote into .local/env, and where its webhooks go.
read_crm_variables() {
  mapfile -t CRM_VARIABLES < <(sed -n 's/^export \(ACME_\)/\1/p' "$LOCAL/env")
  CRM_VARIABLES+=("ACME_REDIS_URL=redis://127.0.0.1:$CROSSWALK_CRM_REDIS_PORT"
    "ACME_WEBHOOK_URL=$HTTP_URL/webhooks/cn_acmelocal")
}

crm_fingerprint() {
  {
    stat -c '%n %s %y' "$TARGET/debug/acme-crm"
    printf '%s\n' "${CRM_VARIABLES[@]}"
  } | cksum
}
