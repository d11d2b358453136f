-- A new contact, its event and, where the request had a key, the answer that the key will give from now on.
-- Inserting the key comes first: of two requests with one key, the second waits here until the first has ended.
with claimed as (
    insert into idempotency_keys (tenant_id, client_id, route, key, fingerprint, status, body, created_at)
    select $1, $25, $26, $27, $28, 201, $29, $14
    where $27::text is not null
    on conflict (tenant_id, client_id, route, key) do update
        set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
            created_at = excluded.created_at
        -- A key that has expired is free, even before it is purged.
        where idempotency_keys.created_at < excluded.created_at - interval '24 hours'
    returning key
), created as (
    insert into contacts (tenant_id, id, first_name, last_name, email, phone, company, title, address, notes,
                          status, tags, custom_fields, created_at, updated_at, deleted_at, version)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
    where $27::text is null or exists (select from claimed)
    returning tenant_id, id, version, updated_at
)
insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, changed_fields,
                            occurred_at, traceparent)
select $18, tenant_id, id, version, $19, $20, $21, $22, $23, updated_at, $24
from created
