-- Keeps a webhook, unless the CRM has sent the same event before, and answers which one is kept. Of two that come at once
-- the second waits for the first, and may then find nothing here, because its snapshot is older.
-- The transaction's id is taken before the row's: the relay's floor relies on that.
with began as materialized (
    select pg_current_xact_id() as xid
), kept as (
    insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at,
                                failure, traceparent)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    from began
    on conflict (tenant_id, connection_id, event_id) do nothing
    returning ce_id
)
select ce_id, true as is_new from kept
union all
select ce_id, false
from webhook_events
where tenant_id = $2 and connection_id = $3 and event_id = $4 and not exists (select from kept)
