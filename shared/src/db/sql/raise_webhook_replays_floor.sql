-- Raises the floor of replayed webhooks, as raise_webhook_events_floor.sql does that of new ones. A replay locks its
-- webhooks, and so has a transaction id, before it draws their positions.
with settled as (
    select candidate, least(candidate, (
               -- null when nothing waits, which least() passes over.
               select min(replay_position) - 1
               from webhook_events
               where published_at is null and state = 'received' and replay_position is not null
                 and replay_position > floor and replay_position <= candidate
           )) as reached
    from relay_floors
    where source = 'webhook_replays'
      and candidate_at <= clock_timestamp() - make_interval(secs => $1)
      and candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())
)
update relay_floors f
set floor = reached,
    candidate = nullif(f.candidate, reached),
    candidate_xid = case when f.candidate > reached then candidate_xid end,
    candidate_at = case when f.candidate > reached then candidate_at end
from settled
where f.source = 'webhook_replays' and f.candidate = settled.candidate
  and (reached > f.floor or reached = f.candidate)
