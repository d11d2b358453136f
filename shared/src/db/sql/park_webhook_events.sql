-- Parks webhooks that the broker will never take, each with the reason, if the lease is still the holder's, and answers
-- whether it is. One that is done with needs no parking.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select w.id, refused.failure
    from webhook_events w
    join unnest($2::bigint[], $3::text[]) as refused (id, failure) on refused.id = w.id
    where w.id = any($2::bigint[]) and w.published_at is null and w.state = 'received' and exists (select from lease)
    order by w.id
    for no key update of w
), parked as (
    update webhook_events w set state = 'dead', failure = due.failure from due where w.id = due.id
)
select exists (select from lease)
