-- Raises the floor as far as the candidate allows: to the candidate, or to just below the first webhook that waits. The
-- candidate must be $1 seconds old, and all transactions that could have drawn an id up to it must have ended.
with settled as (
    select candidate, least(candidate, (
               -- null when nothing waits, which least() passes over.
               select min(id) - 1
               from webhook_events
               where published_at is null and state = 'received' and replay_position is null
                 and id > floor and id <= candidate
           )) as reached
    from relay_floors
    where source = 'webhook_events'
      and candidate_at <= clock_timestamp() - make_interval(secs => $1)
      and candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())
)
update relay_floors f
set floor = reached,
    candidate = nullif(f.candidate, reached),
    candidate_xid = case when f.candidate > reached then candidate_xid end,
    candidate_at = case when f.candidate > reached then candidate_at end
from settled
-- Somebody may have lowered the floor since the snapshot, and has then taken the candidate away.
where f.source = 'webhook_events' and f.candidate = settled.candidate
  and (reached > f.floor or reached = f.candidate)
