-- Who may publish, and from where.

-- The lease: one relay works at a time. Renewed each second for five; a holder that is frozen or dead loses it
-- whatever it was doing, which a session's lock would not do.
create table relay_leases (
    name   text        primary key,
    holder uuid,
    until  timestamptz not null
);

-- The floor of an outbox: no id at or below it is waiting or can still appear. Scans begin there, because dead index
-- entries that a long snapshot keeps alive would make a bare scan of the partial index slow.
--
-- Whoever makes a row at or below it wait again (a replay) lowers it in the same transaction: the floor to below that
-- row, and the candidate to null, so that a relay that is just raising it finds nothing to raise it to.
create table relay_floors (
    source           text        primary key,
    floor            bigint      not null default 0,
    -- The highest id drawn when it was noted. At the earliest a minute later, once every transaction that had begun to
    -- write by then (below candidate_xid) has ended, the floor rises to it, or to just below the first row that waits.
    candidate        bigint,
    candidate_xid    xid8,
    candidate_at     timestamptz,
    check ((candidate is null) = (candidate_xid is null) and (candidate is null) = (candidate_at is null))
);

insert into relay_leases (name, until) values ('outbox', '-infinity');
insert into relay_floors (source) values ('contact_events'), ('webhook_events');
