-- Parks events that the broker will never take, each with the reason, if the lease is still the holder's, and answers
-- whether it is.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select e.id, refused.failure
    from contact_events e
    join unnest($2::bigint[], $3::text[]) as refused (id, failure) on refused.id = e.id
    where e.id = any($2::bigint[]) and e.published_at is null and e.dead_at is null and exists (select from lease)
    order by e.id
    for no key update of e
), parked as (
    update contact_events e set dead_at = clock_timestamp(), failure = due.failure from due where e.id = due.id
)
select exists (select from lease)
