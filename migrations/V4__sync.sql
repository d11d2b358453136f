-- Between a contact here and its record in a CRM.

-- A link ties a contact to a remote id, and keeps the last whole remote record seen (the base of the three-way merge).
create table links (
    tenant_id       text        not null,
    contact_id      uuid        not null,
    connection_id   text        not null,
    -- Null while the first write to the CRM has not been answered.
    remote_id       text        check (remote_id <> ''),
    base            jsonb,
    base_timestamp  timestamptz,
    base_version    bigint,
    -- What is being sent, so that its echo is known even when it comes before the CRM's answer.
    sending         jsonb,
    -- The contact's version that the CRM has. Push while contact.version > pushed_version.
    pushed_version  integer     not null default 0,
    state           text        not null default 'pending' check (state in ('pending', 'synced', 'failing', 'dead')),
    attempts        integer     not null default 0,
    retry_at        timestamptz,
    failure         text,
    synced_at       timestamptz,
    created_at      timestamptz not null default now(),
    primary key (tenant_id, contact_id, connection_id),
    unique (tenant_id, connection_id, remote_id),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, connection_id) references connections (tenant_id, id)
);

-- Links that are due to be pushed once more.
create index links_due on links (retry_at) where retry_at is not null;

-- Webhooks as they came. An accepted one is its own outbox row: published_at alone tells whether the relay has sent it.
create table webhook_events (
    id             bigint      generated always as identity (cache 1) primary key,
    ce_id          uuid        not null unique,
    tenant_id      text        not null,
    connection_id  text        not null,
    -- The CRM's id of the event: it repeats when the CRM sends again.
    event_id       text        not null,
    type           text        not null,
    remote_id      text,
    state          text        not null check (state in ('received', 'processed', 'unchanged', 'dead')),
    -- The body as it was signed: bytes, not a reading of them.
    body           bytea       not null,
    received_at    timestamptz not null,
    processed_at   timestamptz,
    failure        text,
    traceparent    text,
    published_at   timestamptz,
    unique (tenant_id, connection_id, event_id),
    foreign key (tenant_id, connection_id) references connections (tenant_id, id)
);

create index webhook_events_waiting on webhook_events (id) where published_at is null and state = 'received';
