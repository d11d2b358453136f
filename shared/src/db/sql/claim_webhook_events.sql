-- The oldest waiting webhooks above the floor, as claim_contact_events has it of events. The value is a wake-up: it
-- names the row, and whoever is to work it reads the body there.
select id, ce_id, tenant_id, key, type, received_at, traceparent, value, null::uuid, null::integer, replays
from (
    select waiting.*, sum(octet_length(value)) over (order by id rows unbounded preceding) as bytes
    from (
        select id, ce_id, tenant_id, connection_id || '/' || coalesce(remote_id, '') as key, type, received_at,
               traceparent, replays,
               json_strip_nulls(json_build_object(
                   'id', ce_id, 'connection', connection_id, 'remoteId', remote_id, 'eventId', event_id,
                   'receivedAt', to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               ))::text as value
        from webhook_events
        where published_at is null and state = 'received' and replay_position is null
          and id > (select floor from relay_floors where source = 'webhook_events')
        order by id
        limit $1
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
order by id
