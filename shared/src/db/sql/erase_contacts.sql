-- Deletes those of these contacts of which nothing else is left to be erased; their links go with them.
delete from contacts c
using unnest($1::text[], $2::uuid[]) as past (tenant_id, id)
where c.tenant_id = past.tenant_id and c.id = past.id
  and not exists (
      select from contact_events e where e.tenant_id = c.tenant_id and e.contact_id = c.id
  )
  and not exists (
      select
      from links l
      join webhook_events w
          on w.tenant_id = l.tenant_id and w.connection_id = l.connection_id and w.remote_id = l.remote_id
      where l.tenant_id = c.tenant_id and l.contact_id = c.id and w.state <> 'received' and w.body <> ''
  )
