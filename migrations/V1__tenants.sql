-- Who uses Crosswalk, and which CRM accounts they have tied to it.
--
-- Every table carries the tenant, every key begins with it, and every foreign key is composite
-- (tenant, id): a row can't point across tenants even by mistake.

create table tenants (
    id         text        primary key check (id ~ '^tn_[A-Za-z0-9]{1,40}$'),
    name       text        not null,
    created_at timestamptz not null default now()
);

-- An OAuth client. The secret is 256 random bits, so that its plain SHA-256 can't be searched for.
create table clients (
    id                    text        primary key check (id ~ '^cl_[A-Za-z0-9]{1,40}$'),
    tenant_id             text        not null references tenants (id),
    name                  text        not null,
    secret_sha256         bytea       not null check (octet_length(secret_sha256) = 32),
    scopes                text[]      not null,
    -- Quotas of its own; null means the deployment's default.
    requests_per_second   integer     check (requests_per_second > 0),
    request_burst         integer     check (request_burst > 0),
    tokens_per_minute     integer     check (tokens_per_minute > 0),
    disabled_at           timestamptz,
    created_at            timestamptz not null default now(),
    unique (tenant_id, id)
);

-- One CRM account of a tenant. Its credentials and webhook secrets are in Secrets Manager; only their name is here.
create table connections (
    tenant_id          text        not null references tenants (id),
    id                 text        not null check (id ~ '^cn_[A-Za-z0-9]{1,40}$'),
    crm                text        not null,
    base_url           text        not null,
    secret_name        text        not null,
    conflict_policy    text        not null default 'newestWins'
                                   check (conflict_policy in ('newestWins', 'crmWins', 'localWins')),
    enabled            boolean     not null default true,
    created_at         timestamptz not null default now(),
    primary key (tenant_id, id),
    -- A webhook names its connection and nothing else, so the id alone must be enough to find it.
    unique (id)
);
