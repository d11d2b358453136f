-- When the oldest waiting webhooks fill a claim: webhooks of other tenants, as claim_contact_events_in_turn.sql has it of
-- events.
with waiting_tenants as materialized (
    select t.id
    from tenants t
    cross join lateral (
        select from webhook_events w
        where (w.tenant_id, w.id) > (t.id, (select floor from relay_floors where source = 'webhook_events'))
          and (w.tenant_id, w.id) < (t.id, 9223372036854775807)
          and num_nonnulls(w.published_at, w.replay_position) = 0 and w.state = 'received'
        order by w.tenant_id, w.id
        limit 1
    ) as first
    where t.id <> all ($3)
)
select id, ce_id, tenant_id, key, type, received_at, traceparent, value, null::uuid, null::integer, replays
from (
    select waiting.*, sum(octet_length(value)) over (order by turn, id rows unbounded preceding) as bytes
    from (
        select w.id, ce_id, tenant_id, connection_id || '/' || coalesce(remote_id, '') as key, type, received_at,
               traceparent, replays, row_number() over (partition by tenant_id order by w.id) as turn,
               json_strip_nulls(json_build_object(
                   'id', ce_id, 'connection', connection_id, 'remoteId', remote_id, 'eventId', event_id,
                   'receivedAt', to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               ))::text as value
        from waiting_tenants t
        cross join lateral (
            select *
            from webhook_events w
            where (w.tenant_id, w.id) > (t.id, (select floor from relay_floors where source = 'webhook_events'))
              and (w.tenant_id, w.id) < (t.id, 9223372036854775807)
              and num_nonnulls(w.published_at, w.replay_position) = 0 and w.state = 'received'
            order by w.tenant_id, w.id
            limit (select $1 / count(*) + 1 from waiting_tenants)
        ) as w
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
