-- Marks webhooks as published, if the lease is still the holder's, and answers whether it is. Whatever became of them
-- meanwhile stays: only a replay makes one wait again, and that is another turn than the one that was published. Rows
-- are locked in the order of their ids, as everybody locks them.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select w.id
    from webhook_events w
    join unnest($2::bigint[], $3::integer[]) as published (id, turn) on published.id = w.id
    where w.id = any($2::bigint[]) and w.published_at is null and w.replays = published.turn and exists (select from lease)
    order by w.id
    for no key update of w
), marked as (
    update webhook_events w set published_at = clock_timestamp() from due where w.id = due.id
)
select exists (select from lease)
