-- Deletes up to $3 events of these contacts. One that waits to be published is never among them.
delete from contact_events
where id = any (array(
    select e.id
    from unnest($1::text[], $2::uuid[]) as c (tenant_id, id)
    cross join lateral (
        select id
        from contact_events
        where tenant_id = c.tenant_id and contact_id = c.id and (published_at is not null or dead_at is not null)
        order by version
        limit $3
    ) as e
    limit $3
))
