-- The contacts: the record of what both sides must agree on.

create table contacts (
    tenant_id     text        not null references tenants (id),
    id            uuid        not null,
    -- "C" collation: sort keys compare as bytes, the same on every machine and glibc, which a cursor relies on.
    first_name    text        collate "C" not null,
    last_name     text        collate "C" not null,
    email         text        collate "C" not null,
    phone         text,
    company       text,
    title         text,
    -- {street, city, state, postalCode, country}, without the absent ones; null when there is none.
    address       jsonb       check (address <> '{}'),
    notes         text,
    status        text        not null check (status in ('active', 'inactive', 'lead')),
    tags          text[]      not null,
    custom_fields jsonb       not null check (jsonb_typeof(custom_fields) = 'object'),
    -- Counts the changes from 1. Every change adds exactly one and writes exactly one event.
    version       integer     not null check (version > 0),
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    -- Soft deletion: the row stays until the retention has passed.
    deleted_at    timestamptz,
    primary key (tenant_id, id)
);
