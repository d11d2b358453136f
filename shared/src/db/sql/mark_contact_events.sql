-- Marks events as published, if the lease is still the holder's, and answers whether it is. Rows are locked in the
-- order of their ids, as everybody locks them.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select id
    from contact_events
    where id = any($2) and published_at is null and dead_at is null and exists (select from lease)
    order by id
    for no key update
), marked as (
    update contact_events e set published_at = clock_timestamp() from due where e.id = due.id
)
select exists (select from lease)
