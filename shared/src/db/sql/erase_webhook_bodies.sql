-- Empties up to $3 webhooks that told of these contacts. The rows stay, so that the CRM's repetition of one is known; one
-- that is still to be worked needs its body. Rows are locked in the order of their ids, as everybody locks them.
with told as materialized (
    select w.id
    from unnest($1::text[], $2::uuid[]) as c (tenant_id, id)
    join links l on l.tenant_id = c.tenant_id and l.contact_id = c.id
    cross join lateral (
        select id
        from webhook_events
        where tenant_id = l.tenant_id and connection_id = l.connection_id and remote_id = l.remote_id
          and state <> 'received' and body <> ''
        order by id
        limit $3
    ) as w
    limit $3
), locked as materialized (
    select id
    from webhook_events
    where id = any (array(select id from told)) and state <> 'received'
    order by id
    for no key update
)
update webhook_events
set body = ''
where id = any (array(select id from locked))
