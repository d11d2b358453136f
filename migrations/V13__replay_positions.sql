-- Replayed webhooks leave the outbox of new ones: they wait in an order, with indexes and with a floor of their own. A
-- replay neither goes before anybody's new webhooks nor touches the row of relay_floors that all tenants share.

-- The place of a replayed webhook among the replayed ones; null for a webhook that was never replayed. A sequence of its
-- own, because an id below the floor of 'webhook_events' would not be found there, and lowering that floor for one
-- tenant's replay would make every claim read the dead index entries of all.
alter table webhook_events add column replay_position bigint;

create sequence webhook_replay_positions as bigint cache 1;

-- The outbox of new webhooks. The first index serves claims in the order of arrival and the floor, the second gives each
-- tenant its turn when more waits than one claim takes. Their conditions mean the same and are written differently: a query
-- can be planned only through the index whose condition it repeats. Otherwise the planner, whose statistics are usually from
-- when nothing waited, would read one of them from end to end.
drop index webhook_events_waiting;
create index webhook_events_waiting on webhook_events (id)
    where published_at is null and state = 'received' and replay_position is null;
create index webhook_events_waiting_by_tenant on webhook_events (tenant_id, id)
    where num_nonnulls(published_at, replay_position) = 0 and state = 'received';

-- The same for contact events.
create index contact_events_waiting_by_tenant on contact_events (tenant_id, id)
    where num_nonnulls(published_at, dead_at) = 0;

-- The outbox of replayed webhooks.
create index webhook_events_replayed on webhook_events (replay_position)
    where published_at is null and state = 'received' and replay_position is not null;

-- Replayed webhooks that are not processed, published or not: a tenant may have 1,000, and each replay counts them.
create index webhook_events_replays_of_tenant on webhook_events (tenant_id)
    where state = 'received' and replay_position is not null;

-- Replayed webhooks that are published and not processed: the relay keeps few of them on the topic.
create index webhook_events_replays_in_flight on webhook_events (published_at)
    where published_at is not null and state = 'received' and replay_position is not null;

-- Webhooks that wait for another turn now.
update webhook_events
set replay_position = nextval('webhook_replay_positions')
where published_at is null and state = 'received' and replays > 0;

insert into relay_floors (source) values ('webhook_replays');
