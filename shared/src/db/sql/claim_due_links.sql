-- The links that are due, at most $1 of them, those first that have waited longest; and with each the latest event of
-- its contact, as it was published. The events' values together end with the one that brings them to $2 bytes or over.
--
-- What a connection that is switched off has to be told waits until it is on again. A link whose contact has an event that waits is left out: that event comes round by itself, and no later one may be
-- first published before it. Events of one contact are published in order, so the latest tells; what was parked was
-- never published and tells nothing.
select tenant_id, contact_id, connection_id, retry_at, id, ce_id, type, occurred_at, traceparent, value, version
from (
    select due.*, sum(octet_length(value)) over (order by retry_at, contact_id, connection_id
                                                 rows unbounded preceding) as bytes
    from (
        select l.tenant_id, l.contact_id, l.connection_id, l.retry_at, e.*
        from links l
        join connections k on k.tenant_id = l.tenant_id and k.id = l.connection_id and k.enabled
        left join lateral (
            select id, ce_id, type, occurred_at, traceparent, published_at, version,
                   json_build_object('before', before, 'after', after, 'changedFields', changed_fields,
                                     'version', version, 'origin', origin)::text as value
            from contact_events
            where tenant_id = l.tenant_id and contact_id = l.contact_id and dead_at is null
            order by version desc
            limit 1
        ) as e on true
        where l.retry_at <= now() and (e.id is null or e.published_at is not null)
        order by l.retry_at
        limit $1
    ) as due
) as measured
where coalesce(bytes - octet_length(value), 0) < $2
