-- What there is between contacts and CRM accounts, a row for each question, in their order.
select l.contact_id, l.connection_id, l.remote_id, l.base, l.base_timestamp, l.base_version, l.sending, l.claimed_until,
       l.pushed_version, l.state, l.attempts, l.failing_since, l.retry_at, l.failure, l.synced_at,
       (
           select e.occurred_at
           from contact_events e
           where e.tenant_id = l.tenant_id and e.contact_id = l.contact_id and e.version > l.pushed_version
             and e.origin ->> 'connection' is distinct from l.connection_id
           order by e.version desc
           limit 1
       ) as changed_at,
       t.deleted_at
from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) with ordinality
         as q (tenant_id, contact_id, connection_id, remote_id, n)
left join links l
    on l.tenant_id = q.tenant_id and l.contact_id = q.contact_id and l.connection_id = q.connection_id
left join remote_tombstones t
    on t.tenant_id = q.tenant_id and t.connection_id = q.connection_id and t.remote_id = q.remote_id
order by q.n
