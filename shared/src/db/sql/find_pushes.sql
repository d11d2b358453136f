-- Which of these contacts have to be written to which CRM accounts: those whose last version an enabled connection of the
-- tenant has not been told.
select c.id, k.tenant_id, k.id as account, k.crm, k.conflict_policy, k.base_url, k.secret_name
from (select distinct * from unnest($1::text[], $2::uuid[]) as q (tenant_id, id)) as q
join contacts c on c.tenant_id = q.tenant_id and c.id = q.id
join connections k on k.tenant_id = c.tenant_id and k.enabled
left join links l on l.tenant_id = c.tenant_id and l.contact_id = c.id and l.connection_id = k.id
where c.version > coalesce(l.pushed_version, 0)
  -- What a CRM was never told of needs not be deleted there.
  and (c.deleted_at is null or l.contact_id is not null)
order by k.tenant_id, k.id, c.id
