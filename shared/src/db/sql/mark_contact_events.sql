-- Marks events as published, if the lease is still the holder's, and answers whether it is. Rows are locked in the
-- order of their ids, as everybody locks them. An event has but one turn: $3 says nothing.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select e.id
    from contact_events e
    where e.id = any($2::bigint[]) and $3::integer[] is not null
      and e.published_at is null and e.dead_at is null and exists (select from lease)
    order by e.id
    for no key update of e
), marked as (
    update contact_events e set published_at = clock_timestamp() from due where e.id = due.id
)
select exists (select from lease)
