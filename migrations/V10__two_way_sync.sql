-- What keeps two sides the same while both change, answers get lost and messages come late.

-- Who is writing a contact to the CRM just now has claimed the link until then. One whose process died is free again
-- when the time is over. failing_since is when the first of the tries failed that have failed in a row.
alter table links
    add column claimed_until timestamptz,
    add column failing_since timestamptz;

-- The records that a CRM has deleted, whether we knew them or not: what is told of one later, and is older, brings
-- nothing back.
create table remote_tombstones (
    tenant_id      text        not null,
    connection_id  text        not null,
    remote_id      text        not null check (remote_id <> ''),
    -- By the CRM's clock.
    deleted_at     timestamptz not null,
    noted_at       timestamptz not null,
    primary key (tenant_id, connection_id, remote_id),
    foreign key (tenant_id, connection_id) references connections (tenant_id, id)
);

create index remote_tombstones_age on remote_tombstones (noted_at);

-- Kafka records that say nothing we can read, as they came. They are nobody's: who they belong to is what can't be read.
create table parked_records (
    id             bigint      generated always as identity primary key,
    topic          text        not null,
    partition      integer     not null,
    "offset"       bigint      not null,
    -- As the event source mapping handed it over, but for NULs.
    record         text        not null,
    reason         text        not null,
    parked_at      timestamptz not null default now()
);

-- The same record comes again when its batch does. One that doesn't say where it stood is known by what it is.
create unique index parked_records_once on parked_records (topic, partition, "offset", md5(record));

-- What purge-expired looks them up by, and the conflicts.
create index parked_records_age on parked_records (parked_at);
create index sync_conflicts_age on sync_conflicts (occurred_at);
