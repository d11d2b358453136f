-- What happened to contacts: the history, the outbox and the source of the topic in one table.
-- A row is written in the transaction that makes it true; while published_at is null it waits for the relay.

create table contact_events (
    -- Orders. CACHE 1, or sessions would draw blocks of ids and order would break. It is drawn after the contact's
    -- row is locked, so for one contact ids, versions and commits agree.
    id             bigint      generated always as identity (cache 1) primary key,
    -- Names (CloudEvents id). A UUIDv7, so that a database restored from a backup never reuses a published name.
    ce_id          uuid        not null unique,
    tenant_id      text        not null,
    contact_id     uuid        not null,
    version        integer     not null,
    type           text        not null check (type in ('created', 'updated', 'deleted', 'restored')),
    -- Who made the change: {"kind": "api", "client": …} or {"kind": "connection", "connection": …}.
    origin         jsonb       not null,
    before         jsonb,
    after          jsonb       not null,
    changed_fields text[]      not null,
    occurred_at    timestamptz not null,
    -- W3C traceparent of the request that made the change.
    traceparent    text,
    published_at   timestamptz,
    -- Parked: the broker will never take it, and this is why.
    dead_at        timestamptz,
    failure        text,
    -- Guards the lock order: two writers that both believed to make version n can't both commit.
    -- Also the history's index.
    unique (tenant_id, contact_id, version),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade,
    check ((dead_at is null) = (failure is null)),
    check (published_at is null or dead_at is null)
);

-- The outbox: as small as what is waiting.
create index contact_events_waiting on contact_events (id) where published_at is null and dead_at is null;

-- What was parked, for those who look after it.
create index contact_events_dead on contact_events (id) where dead_at is not null;
