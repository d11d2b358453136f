-- Contacts in their next or first version with their events, links gone and made, conflicts, and the answer of an idempotency key: all
-- that a transaction writes, in one statement whatever its size. Each parameter is an array of objects whose members
-- are columns. The contacts are locked, so the events' ids are drawn under the locks, in the order that was given.
with given as materialized (
    select *
    from rows from (jsonb_to_recordset($2::jsonb) as (
        id uuid, first_name text, last_name text, email text, phone text, company text, title text, address jsonb,
        notes text, status text, tags text[], custom_fields jsonb, version integer, created_at timestamptz,
        updated_at timestamptz, deleted_at timestamptz, ce_id uuid, type text, origin jsonb, before jsonb, after jsonb,
        changed_fields text[], traceparent text
    )) with ordinality as given (
        id, first_name, last_name, email, phone, company, title, address, notes, status, tags, custom_fields, version,
        created_at, updated_at, deleted_at, ce_id, type, origin, before, after, changed_fields, traceparent, n
    )
), inserted as (
    insert into contacts (tenant_id, id, first_name, last_name, email, phone, company, title, address, notes, status,
                          tags, custom_fields, version, created_at, updated_at, deleted_at)
    select $1, id, first_name, last_name, email, phone, company, title, address, notes, status,
           tags, custom_fields, version, created_at, updated_at, deleted_at
    from given
    where version = 1
    returning id
), updated as (
    update contacts c
    set first_name = g.first_name, last_name = g.last_name, email = g.email, phone = g.phone, company = g.company,
        title = g.title, address = g.address, notes = g.notes, status = g.status, tags = g.tags,
        custom_fields = g.custom_fields, version = g.version, updated_at = g.updated_at, deleted_at = g.deleted_at
    from given g
    where c.tenant_id = $1 and c.id = g.id and c.version = g.version - 1
    returning c.id
), untied as (
    delete from links l
    using jsonb_to_recordset($3::jsonb) as u (contact_id uuid, connection_id text)
    where l.tenant_id = $1 and l.contact_id = u.contact_id and l.connection_id = u.connection_id
    returning l.contact_id
), linked as (
    insert into links (tenant_id, contact_id, connection_id, remote_id, base, base_timestamp, base_version,
                       pushed_version, state, attempts, retry_at, failure, synced_at)
    select $1, contact_id, connection_id, remote_id, base, base_timestamp, base_version,
           pushed_version, state, attempts, retry_at, failure, synced_at
    from jsonb_to_recordset($4::jsonb) as l (
        contact_id uuid, connection_id text, remote_id text, base jsonb, base_timestamp timestamptz,
        base_version bigint, pushed_version integer, state text, attempts integer, retry_at timestamptz, failure text,
        synced_at timestamptz
    )
    -- Counting makes this wait until a record is free to be tied again.
    where (select count(*) from untied) >= 0
    on conflict (tenant_id, contact_id, connection_id) do update
        set remote_id = excluded.remote_id, base = excluded.base, base_timestamp = excluded.base_timestamp,
            base_version = excluded.base_version, pushed_version = excluded.pushed_version, state = excluded.state,
            attempts = excluded.attempts, retry_at = excluded.retry_at, failure = excluded.failure,
            synced_at = excluded.synced_at
), noted as (
    insert into sync_conflicts (tenant_id, contact_id, connection_id, field, ours, theirs, kept, occurred_at)
    select $1, contact_id, connection_id, field, ours, theirs, kept, occurred_at
    from jsonb_to_recordset($5::jsonb) as c (
        contact_id uuid, connection_id text, field text, ours jsonb, theirs jsonb, kept text, occurred_at timestamptz
    )
), answered as (
    update idempotency_keys set body = $9 where tenant_id = $1 and client_id = $6 and route = $7 and key = $8
)
insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, changed_fields,
                            occurred_at, traceparent)
select g.ce_id, $1, g.id, g.version, g.type, g.origin, g.before, g.after, g.changed_fields, g.updated_at, g.traceparent
from given g
join (select id from inserted union all select id from updated) written on written.id = g.id
order by g.n
