-- Looks through the next $3 events above the id $2, and deletes those of them that are $1 seconds old and published.
-- What waits or was parked stays, however old it is. The id to go on from is null when no event seen was so old: ids
-- age as events do, but for the time that a transaction takes.
with seen as materialized (
    select id, occurred_at < now() - make_interval(secs => $1) as is_old
    from contact_events
    where id > $2
    order by id
    limit $3
), purged as (
    delete from contact_events
    where id = any (array(
        select id
        from contact_events
        where id = any (array(select id from seen where is_old)) and published_at is not null
        for update skip locked
    ))
    returning 1
)
select (select count(*) from purged),
       case when bool_or(is_old) and count(*) = $3 then max(id) end
from seen
