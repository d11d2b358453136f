-- What makes lists fast: every sort has an index to walk, every filter an index to find its matches by.
--
-- Both extensions are trusted: the owner of the database may create them without being a superuser.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

-- What a search looks in: lower case, and composed, so that "e" with an accent is the same whether it was typed as one
-- character or as two. ICU's root collation knows the letters of all languages, whatever the database's own does.
alter table contacts add column search_text text collate "C" not null
    generated always as (
        lower(normalize(first_name || ' ' || last_name || ' ' || email || coalesce(' ' || company, ''))
              collate "und-x-icu")
    ) stored;

-- An index a sort, with the id to break ties. Deleted contacts have indexes of their own: a list without them
-- must not have to step over them, and a list with them merges the two.
create index contacts_by_created_at on contacts (tenant_id, created_at, id) where deleted_at is null;
create index contacts_by_updated_at on contacts (tenant_id, updated_at, id) where deleted_at is null;
create index contacts_by_last_name  on contacts (tenant_id, last_name, id)  where deleted_at is null;
create index contacts_by_email      on contacts (tenant_id, email, id)      where deleted_at is null;

create index deleted_contacts_by_created_at on contacts (tenant_id, created_at, id) where deleted_at is not null;
create index deleted_contacts_by_updated_at on contacts (tenant_id, updated_at, id) where deleted_at is not null;
create index deleted_contacts_by_last_name  on contacts (tenant_id, last_name, id)  where deleted_at is not null;
create index deleted_contacts_by_email      on contacts (tenant_id, email, id)      where deleted_at is not null;

-- One index for every filter and every combination of them: their matches are intersected before a row is read. What
-- was just written waits in a list that every search reads, so it is kept to 32 pages.
create index contacts_by_term on contacts
    using gin (tenant_id, status, company, tags, search_text gin_trgm_ops) with (gin_pending_list_limit = 256);
