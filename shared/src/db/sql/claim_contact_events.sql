-- The oldest waiting events above the floor, at most $1 of them, ending with the one that brings their values to $2
-- bytes or over: so there is always one, however large. The value is made here, because PostgreSQL has its parts as
-- text anyway.
select id, ce_id, tenant_id, key, type, occurred_at, traceparent, value, contact_id, version, 0
from (
    select waiting.*, sum(octet_length(value)) over (order by id rows unbounded preceding) as bytes
    from (
        select id, ce_id, tenant_id, contact_id::text as key, type, occurred_at, traceparent, contact_id, version,
               json_build_object('before', before, 'after', after, 'changedFields', changed_fields,
                                 'version', version, 'origin', origin)::text as value
        from contact_events
        where published_at is null and dead_at is null
          and id > (select floor from relay_floors where source = 'contact_events')
        order by id
        limit $1
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
order by id
