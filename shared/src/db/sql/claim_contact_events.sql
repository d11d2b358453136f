-- The oldest waiting events above the floor, at most $1 of them; if more wait, each tenant in turn. They end with the event
-- that brings their values to $2 bytes or over, so there is always one, however large. The value is made here, because
-- PostgreSQL has its parts as text anyway.
--
-- Order: of each tenant the result is a prefix of what waits, in the order of ids. So events of one contact keep their
-- order, whatever other tenants' events come between.
--
-- Cost: usually one walk of at most $1 index entries. Only if there may be more, one look for each tenant beyond them, and
-- at most $1 more entries. The backlog's size does not matter. Each step repeats the condition of the index that it needs
-- (V13__replay_positions.sql).
with oldest as materialized (
    select id, ce_id, tenant_id, contact_id, type, occurred_at, traceparent, version, before, after, changed_fields, origin
    from contact_events
    where published_at is null and dead_at is null
      and id > (select floor from relay_floors where source = 'contact_events')
    order by id
    limit $1
), last as materialized (
    select max(id) as id from oldest
), beyond as materialized (
    select t.id
    from tenants t
    cross join lateral (
        select from contact_events e
        where (e.tenant_id, e.id) > (t.id, (select id from last)) and (e.tenant_id, e.id) < (t.id, 9223372036854775807)
          and num_nonnulls(e.published_at, e.dead_at) = 0
        order by e.tenant_id, e.id
        limit 1
    ) as first
    where (select count(*) = $1 from oldest)
), turns as materialized (
    select e.*
    from beyond t
    cross join lateral (
        select id, ce_id, tenant_id, contact_id, type, occurred_at, traceparent, version, before, after, changed_fields,
               origin
        from contact_events e
        where (e.tenant_id, e.id) > (t.id, (select id from last)) and (e.tenant_id, e.id) < (t.id, 9223372036854775807)
          and num_nonnulls(e.published_at, e.dead_at) = 0
        order by e.tenant_id, e.id
        limit (select $1 / count(*) + 1 from beyond)
    ) as e
    -- Among the events of one tenant alone there are no turns.
    where (select count(*) > 1 from (select tenant_id from oldest union select id from beyond) as t)
), chosen as (
    select *
    from (
        select *, row_number() over (partition by tenant_id order by id) as turn
        from (select * from oldest union all select * from turns) as candidates
    ) as ranked
    order by turn, id
    limit $1
)
select id, ce_id, tenant_id, key, type, occurred_at, traceparent, value, contact_id, version, 0
from (
    select waiting.*, sum(octet_length(value)) over (order by turn, id rows unbounded preceding) as bytes
    from (
        select id, ce_id, tenant_id, contact_id::text as key, type, occurred_at, traceparent, contact_id, version, turn,
               json_build_object('before', before, 'after', after, 'changedFields', changed_fields,
                                 'version', version, 'origin', origin)::text as value
        from chosen
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
order by id
