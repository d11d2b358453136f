-- A page of a contact's events, newest first. The text is made here, because PostgreSQL has its parts as text anyway.
select e.version, e.item
from contacts c
left join lateral (
    select version,
           json_build_object('id', ce_id, 'type', 'contact.' || type,
                             'occurredAt', to_json(occurred_at at time zone 'UTC') #>> '{}' || 'Z',
                             'version', version, 'changedFields', changed_fields, 'origin', origin,
                             'before', before, 'after', after)::text as item
    from contact_events
    where tenant_id = c.tenant_id and contact_id = c.id and version < $3
    order by version desc
    limit $4
) e on true
where c.tenant_id = $1 and c.id = $2
order by e.version desc
