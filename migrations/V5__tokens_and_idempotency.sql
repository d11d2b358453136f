-- Access tokens that were revoked before they expired. Redis answers for this table; the truth is here.
create table revocations (
    tenant_id  text        not null,
    jti        uuid        not null,
    client_id  text        not null,
    -- When the token would have expired: after that the row means nothing and is purged.
    expires_at timestamptz not null,
    revoked_at timestamptz not null default now(),
    primary key (tenant_id, jti),
    foreign key (tenant_id, client_id) references clients (tenant_id, id)
);

create index revocations_expiry on revocations (expires_at);

-- Answers of requests that carried an Idempotency-Key, written in the transaction that made the thing.
-- A second request with the key waits on this row's lock until the first has committed.
create table idempotency_keys (
    tenant_id   text        not null,
    client_id   text        not null,
    route       text        not null,
    key         text        not null,
    -- SHA-256 of the request's meaning: the same JSON in another order or spacing is the same request.
    fingerprint bytea       not null check (octet_length(fingerprint) = 32),
    status      smallint    not null check (status between 200 and 299),
    -- The bytes of the answer, so that the second is the first to the letter.
    body        text        not null,
    created_at  timestamptz not null,
    primary key (tenant_id, client_id, route, key),
    foreign key (tenant_id, client_id) references clients (tenant_id, id)
);

create index idempotency_keys_age on idempotency_keys (created_at);
