-- When the oldest waiting events fill a claim: events of other tenants, each tenant in turn, but for the tenants $3, which
-- have a share of the claim already. At most about $1, ending with the event that brings their values to $2 bytes or over.
--
-- Order: of each tenant the result is a prefix of what waits, in the order of ids. So events of one contact keep their
-- order, whatever other tenants' events come between.
--
-- Cost: one look for each tenant and about $1 index entries. The backlog's size does not matter. Row comparisons and the
-- repeated condition keep these looks on the index by tenant (V13__replay_positions.sql).
with waiting_tenants as materialized (
    select t.id
    from tenants t
    cross join lateral (
        select from contact_events e
        where (e.tenant_id, e.id) > (t.id, (select floor from relay_floors where source = 'contact_events'))
          and (e.tenant_id, e.id) < (t.id, 9223372036854775807)
          and num_nonnulls(e.published_at, e.dead_at) = 0
        order by e.tenant_id, e.id
        limit 1
    ) as first
    where t.id <> all ($3)
)
select id, ce_id, tenant_id, key, type, occurred_at, traceparent, value, contact_id, version, 0
from (
    select waiting.*, sum(octet_length(value)) over (order by turn, id rows unbounded preceding) as bytes
    from (
        select e.id, ce_id, tenant_id, contact_id::text as key, type, occurred_at, traceparent, contact_id, version,
               row_number() over (partition by tenant_id order by e.id) as turn,
               json_build_object('before', before, 'after', after, 'changedFields', changed_fields,
                                 'version', version, 'origin', origin)::text as value
        from waiting_tenants t
        cross join lateral (
            select *
            from contact_events e
            where (e.tenant_id, e.id) > (t.id, (select floor from relay_floors where source = 'contact_events'))
              and (e.tenant_id, e.id) < (t.id, 9223372036854775807)
              and num_nonnulls(e.published_at, e.dead_at) = 0
            order by e.tenant_id, e.id
            limit (select $1 / count(*) + 1 from waiting_tenants)
        ) as e
    ) as waiting
) as measured
where bytes - octet_length(value) < $2
