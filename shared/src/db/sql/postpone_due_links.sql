-- Lets links that were sent round wait for another ten minutes, should nobody see to them, if the lease is still the holder's, and answers whether it
-- is. One whose time somebody has set anew since is not touched. One that somebody is just working on is passed over,
-- and will be sent round again if it is due then.
with lease as materialized (
    select from relay_leases where name = 'outbox' and holder = $1 and until > clock_timestamp()
), due as (
    select l.tenant_id, l.contact_id, l.connection_id
    from links l
    join unnest($2::text[], $3::uuid[], $4::text[], $5::timestamptz[])
        as sent (tenant_id, contact_id, connection_id, retry_at) using (tenant_id, contact_id, connection_id)
    where l.retry_at = sent.retry_at and exists (select from lease)
    for no key update of l skip locked
), postponed as (
    update links l
    set retry_at = clock_timestamp() + interval '10 minutes'
    from due
    where (l.tenant_id, l.contact_id, l.connection_id) = (due.tenant_id, due.contact_id, due.connection_id)
)
select exists (select from lease)
