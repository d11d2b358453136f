-- Makes the webhooks of the step wanted wait again, but for those that wait already and those whose bodies were erased.
-- Rows are locked in the order of their ids, as everybody locks them; what they are is read under the lock. Each takes the
-- next position in the outbox of replayed webhooks: the relay's floor there is below it, because the rows' locks gave this
-- transaction its id before.
locked as materialized (
    select id, state, published_at, body <> '' as is_whole
    from webhook_events
    where tenant_id = $1 and id = any (array(select id from wanted))
    order by id
    for no key update
), eligible as materialized (
    select id
    from locked
    where is_whole and (state <> 'received' or published_at is not null) and {still}
), due as materialized (
    select id from eligible order by id {limit}
), placed as materialized (
    select id, nextval('webhook_replay_positions') as position from (select id from due order by id) as due
), replayed as (
    update webhook_events w
    set state = 'received', published_at = null, processed_at = null, failure = null, replays = replays + 1,
        replay_position = placed.position
    from placed
    where w.id = placed.id
)
