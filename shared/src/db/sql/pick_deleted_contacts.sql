-- Locks the next $4 contacts, in the order ($2, $3) in which they were deleted, that were deleted $1 seconds ago. Those
-- that somebody else has locked are passed over, so this waits for nobody; and what it has locked can be neither
-- changed nor told of in a new event.
select tenant_id, id, deleted_at
from contacts c
where deleted_at < now() - make_interval(secs => $1)
  and deleted_at >= $2 and (deleted_at, id) > ($2, $3)
  and not exists (
      select
      from contact_events e
      where e.tenant_id = c.tenant_id and e.contact_id = c.id and e.published_at is null and e.dead_at is null
  )
order by deleted_at, id
limit $4
for update skip locked
