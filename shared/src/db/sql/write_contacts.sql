-- All that a transaction writes, in one statement whatever its size: contacts with the events of their changes, links gone
-- and made, conflicts, records known to be deleted, webhooks that are done with, and the answer of an idempotency key.
-- Parameters $1 to $6 are arrays of objects whose members are columns.
--
-- A contact may be there several times, once for each of its versions: its last one is stored, if the contact still has the
-- version ("was") that the first was made from. The contacts are locked, so the events' ids are drawn under the locks, in
-- the order that was given. Webhooks are locked after the contacts, in the order of their ids, as everybody locks them.
with given as materialized (
    select *
    from rows from (jsonb_to_recordset($1::jsonb) as (
        tenant_id text, id uuid, first_name text, last_name text, email text, phone text, company text, title text,
        address jsonb, notes text, status text, tags text[], custom_fields jsonb, version integer,
        created_at timestamptz, updated_at timestamptz, deleted_at timestamptz, was integer, is_last boolean,
        ce_id uuid, type text, origin jsonb, before jsonb, after jsonb, changed_fields text[], traceparent text
    )) with ordinality as given (
        tenant_id, id, first_name, last_name, email, phone, company, title, address, notes, status, tags,
        custom_fields, version, created_at, updated_at, deleted_at, was, is_last, ce_id, type, origin, before, after,
        changed_fields, traceparent, n
    )
), inserted as (
    insert into contacts (tenant_id, id, first_name, last_name, email, phone, company, title, address, notes, status,
                          tags, custom_fields, version, created_at, updated_at, deleted_at)
    select tenant_id, id, first_name, last_name, email, phone, company, title, address, notes, status,
           tags, custom_fields, version, created_at, updated_at, deleted_at
    from given
    where was = 0 and is_last
    returning tenant_id, id
), updated as (
    update contacts c
    set first_name = g.first_name, last_name = g.last_name, email = g.email, phone = g.phone, company = g.company,
        title = g.title, address = g.address, notes = g.notes, status = g.status, tags = g.tags,
        custom_fields = g.custom_fields, version = g.version, updated_at = g.updated_at, deleted_at = g.deleted_at
    from given g
    where c.tenant_id = g.tenant_id and c.id = g.id and c.version = g.was and g.is_last
    returning c.tenant_id, c.id
), untied as (
    delete from links l
    using jsonb_to_recordset($2::jsonb) as u (tenant_id text, contact_id uuid, connection_id text)
    where l.tenant_id = u.tenant_id and l.contact_id = u.contact_id and l.connection_id = u.connection_id
    returning l.contact_id
), linked as (
    insert into links (tenant_id, contact_id, connection_id, remote_id, base, base_timestamp, base_version, sending,
                       claimed_until, pushed_version, state, attempts, failing_since, retry_at, failure, synced_at)
    select tenant_id, contact_id, connection_id, remote_id, base, base_timestamp, base_version, sending,
           claimed_until, pushed_version, state, attempts, failing_since, retry_at, failure, synced_at
    from jsonb_to_recordset($3::jsonb) as l (
        tenant_id text, contact_id uuid, connection_id text, remote_id text, base jsonb, base_timestamp timestamptz,
        base_version bigint, sending jsonb, claimed_until timestamptz, pushed_version integer, state text,
        attempts integer, failing_since timestamptz, retry_at timestamptz, failure text, synced_at timestamptz
    )
    -- Counting makes this wait until a record is free to be tied again.
    where (select count(*) from untied) >= 0
    on conflict (tenant_id, contact_id, connection_id) do update
        set remote_id = excluded.remote_id, base = excluded.base, base_timestamp = excluded.base_timestamp,
            base_version = excluded.base_version, sending = excluded.sending, claimed_until = excluded.claimed_until,
            pushed_version = excluded.pushed_version, state = excluded.state, attempts = excluded.attempts,
            failing_since = excluded.failing_since, retry_at = excluded.retry_at, failure = excluded.failure,
            synced_at = excluded.synced_at
), noted as (
    insert into sync_conflicts (tenant_id, contact_id, connection_id, field, ours, theirs, kept, occurred_at)
    select tenant_id, contact_id, connection_id, field, ours, theirs, kept, occurred_at
    from jsonb_to_recordset($4::jsonb) as c (
        tenant_id text, contact_id uuid, connection_id text, field text, ours jsonb, theirs jsonb, kept text,
        occurred_at timestamptz
    )
), buried as (
    insert into remote_tombstones as t (tenant_id, connection_id, remote_id, deleted_at, noted_at)
    select tenant_id, connection_id, remote_id, max(deleted_at), now()
    from jsonb_to_recordset($5::jsonb) as t (
        tenant_id text, connection_id text, remote_id text, deleted_at timestamptz
    )
    group by tenant_id, connection_id, remote_id
    order by tenant_id, connection_id, remote_id
    on conflict (tenant_id, connection_id, remote_id) do update
        set deleted_at = greatest(t.deleted_at, excluded.deleted_at), noted_at = excluded.noted_at
), done as materialized (
    select w.id, d.state, d.failure
    from webhook_events w
    join jsonb_to_recordset($6::jsonb) as d (id bigint, state text, failure text) on d.id = w.id
    where w.state = 'received'
    order by w.id
    for no key update of w
), finished as (
    update webhook_events w
    set state = done.state, failure = done.failure, processed_at = now()
    from done
    where w.id = done.id
    returning w.id
), answered as (
    update idempotency_keys set body = $11 where tenant_id = $7 and client_id = $8 and route = $9 and key = $10
), told as (
    insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, changed_fields,
                                occurred_at, traceparent)
    select g.ce_id, g.tenant_id, g.id, g.version, g.type, g.origin, g.before, g.after, g.changed_fields, g.updated_at,
           g.traceparent
    from given g
    join (select * from inserted union all select * from updated) written
        on written.tenant_id = g.tenant_id and written.id = g.id
    order by g.n
    returning 1
)
select (select count(*) from told), (select count(*) from finished)
