-- The oldest waiting webhooks above the floor, as claim_contact_events.sql has it of events: at most $1, each tenant in
-- turn if more wait, and each tenant's in the order of ids. Then replayed webhooks, as far as there is room: of the 500 that
-- wait longest each tenant's in turn, in the order of their positions. The value is a notification: it names the row, and
-- the consumer reads the body there.
--
-- Replayed webhooks come last, and at most $3 of all tenants are published and not yet processed at a time. Otherwise the
-- relay, which is faster than the consumers, would only move the queue from here to the topic, and new webhooks would wait
-- there. After 5 s a replayed webhook that was not processed no longer counts, because its record may be lost.
with oldest as materialized (
    select id, ce_id, tenant_id, connection_id, remote_id, event_id, type, received_at, traceparent, replays, id as place
    from webhook_events
    where published_at is null and state = 'received' and replay_position is null
      and id > (select floor from relay_floors where source = 'webhook_events')
    order by id
    limit $1
), last as materialized (
    select max(id) as id from oldest
), beyond as materialized (
    select t.id
    from tenants t
    cross join lateral (
        select from webhook_events w
        where (w.tenant_id, w.id) > (t.id, (select id from last)) and (w.tenant_id, w.id) < (t.id, 9223372036854775807)
          and num_nonnulls(w.published_at, w.replay_position) = 0 and w.state = 'received'
        order by w.tenant_id, w.id
        limit 1
    ) as first
    where (select count(*) = $1 from oldest)
), turns as materialized (
    select w.*
    from beyond t
    cross join lateral (
        select id, ce_id, tenant_id, connection_id, remote_id, event_id, type, received_at, traceparent, replays, id as place
        from webhook_events w
        where (w.tenant_id, w.id) > (t.id, (select id from last)) and (w.tenant_id, w.id) < (t.id, 9223372036854775807)
          and num_nonnulls(w.published_at, w.replay_position) = 0 and w.state = 'received'
        order by w.tenant_id, w.id
        limit (select $1 / count(*) + 1 from beyond)
    ) as w
    -- Among the webhooks of one tenant alone there are no turns.
    where (select count(*) > 1 from (select tenant_id from oldest union select id from beyond) as t)
), new as materialized (
    select *, false as is_replay
    from (
        select *, row_number() over (partition by tenant_id order by place) as turn
        from (select * from oldest union all select * from turns) as candidates
    ) as ranked
    order by turn, place
    limit $1
), room as materialized (
    select least($1 - (select count(*) from new), $3 - (
        select count(*)
        from (
            select from webhook_events
            where state = 'received' and replay_position is not null
              and published_at > clock_timestamp() - interval '5 seconds'
            limit $3
        ) as in_flight
    )) as rows
), oldest_replays as materialized (
    select id, ce_id, tenant_id, connection_id, remote_id, event_id, type, received_at, traceparent, replays,
           replay_position as place
    from webhook_events
    where published_at is null and state = 'received' and replay_position is not null
      and replay_position > (select floor from relay_floors where source = 'webhook_replays')
    order by replay_position
    limit (select case when rows > 0 then 500 else 0 end from room)
), replays as materialized (
    select *, true as is_replay
    from (
        select *, row_number() over (partition by tenant_id order by place) as turn
        from oldest_replays
    ) as ranked
    order by turn, place
    limit (select greatest(rows, 0) from room)
)
select id, ce_id, tenant_id, key, type, received_at, traceparent, value, null::uuid, null::integer, replays
from (
    select waiting.*, sum(octet_length(value)) over (order by is_replay, turn, place rows unbounded preceding) as bytes
    from (
        select id, ce_id, tenant_id, connection_id || '/' || coalesce(remote_id, '') as key, type, received_at, traceparent,
               replays, is_replay, turn, place,
               json_strip_nulls(json_build_object(
                   'id', ce_id, 'connection', connection_id, 'remoteId', remote_id, 'eventId', event_id,
                   'receivedAt', to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
               ))::text as value
        from (select * from new union all select * from replays) as chosen
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
order by is_replay, place
