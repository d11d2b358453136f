-- Compare and set: the change and its event, if the contact still has the version that the change was made from.
-- The event's id is drawn after the row is locked, so that ids and commits of one contact agree.
with changed as (
    update contacts
    set first_name = $3, last_name = $4, email = $5, phone = $6, company = $7, title = $8, address = $9, notes = $10,
        status = $11, tags = $12, custom_fields = $13, created_at = $14, updated_at = $15, deleted_at = $16,
        version = $17
    where tenant_id = $1 and id = $2 and version = $17 - 1
    returning tenant_id, id, version, updated_at
)
insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, changed_fields,
                            occurred_at, traceparent)
select $18, tenant_id, id, version, $19, $20, $21, $22, $23, updated_at, $24
from changed
