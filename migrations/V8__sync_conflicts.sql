-- What both sides changed at once, field by field: what each had, and which of the two was kept.

create table sync_conflicts (
    id            bigint      generated always as identity primary key,
    tenant_id     text        not null,
    contact_id    uuid        not null,
    connection_id text        not null,
    -- A member of the contact in our form; a custom field is customFields/<name>.
    field         text        not null,
    -- Null where the side has nothing there.
    ours          jsonb,
    theirs        jsonb,
    kept          text        not null check (kept in ('ours', 'theirs')),
    occurred_at   timestamptz not null,
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, connection_id) references connections (tenant_id, id)
);

-- The list of them, newest first; and those of a contact, which go with it.
create index sync_conflicts_newest on sync_conflicts (tenant_id, id);
create index sync_conflicts_of_contact on sync_conflicts (tenant_id, contact_id);
