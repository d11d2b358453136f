-- Replayed webhooks: of the 500 that wait longest each tenant's in turn, in the order of their positions, so that at most $1
-- of all tenants are published and not yet processed at a time. Otherwise the relay, which is faster than the consumers,
-- would only move the queue from here to the topic, and new webhooks would wait there. After 5 s a replayed webhook that was
-- not processed no longer counts, because its record may be lost.
with room as materialized (
    select $1 - count(*) as rows
    from (
        select from webhook_events
        where state = 'received' and replay_position is not null
          and published_at is not null and published_at > clock_timestamp() - interval '5 seconds'
        limit $1
    ) as in_flight
), oldest as materialized (
    select id, ce_id, tenant_id, connection_id, remote_id, event_id, type, received_at, traceparent, replays, replay_position
    from webhook_events
    where published_at is null and state = 'received' and replay_position is not null
      and replay_position > (select floor from relay_floors where source = 'webhook_replays')
    order by replay_position
    limit (select case when rows > 0 then 500 else 0 end from room)
), chosen as (
    select *
    from (select *, row_number() over (partition by tenant_id order by replay_position) as turn from oldest) as ranked
    order by turn, replay_position
    limit (select rows from room)
)
select id, ce_id, tenant_id, connection_id || '/' || coalesce(remote_id, ''), type, received_at, traceparent,
       json_strip_nulls(json_build_object(
           'id', ce_id, 'connection', connection_id, 'remoteId', remote_id, 'eventId', event_id,
           'receivedAt', to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
       ))::text,
       null::uuid, null::integer, replays
from chosen
order by replay_position
