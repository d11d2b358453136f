-- Makes the webhooks of the step wanted wait again, but for those that wait already and those whose bodies were erased.
-- Rows are locked in the order of their ids, as everybody locks them; what they are is read under the lock. The floor
-- goes below them in the same statement, and its candidate away, so that no relay passes them over.
locked as materialized (
    select id, state, published_at, body <> '' as is_whole
    from webhook_events
    where tenant_id = $1 and id = any (array(select id from wanted))
    order by id
    for no key update
), due as materialized (
    select id
    from locked
    where is_whole and (state <> 'received' or published_at is not null) and {still}
), replayed as (
    update webhook_events w
    set state = 'received', published_at = null, processed_at = null, failure = null, replays = replays + 1
    from due
    where w.id = due.id
), lowered as (
    update relay_floors
    set floor = least(floor, (select min(id) - 1 from due)),
        candidate = null, candidate_xid = null, candidate_at = null
    where source = 'webhook_events' and exists (select from due)
)
