-- Looks through the next $3 webhooks above the id $2, and deletes those of them that came $1 seconds ago and are done
-- with. One that is still to be worked stays, however old it is. The id to go on from is null when none seen was so old.
with seen as materialized (
    select id, received_at < now() - make_interval(secs => $1) as is_old
    from webhook_events
    where id > $2
    order by id
    limit $3
), purged as (
    delete from webhook_events
    where id = any (array(
        select id
        from webhook_events
        where id = any (array(select id from seen where is_old)) and state <> 'received'
        for update skip locked
    ))
    returning 1
)
select (select count(*) from purged),
       case when bool_or(is_old) and count(*) = $3 then max(id) end
from seen
