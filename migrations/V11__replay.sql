-- What is shown of webhooks and of the sync, and what it takes to do one of them again.

-- How often the webhook was made to wait again. The relay marks what it has claimed, and a mark that comes late says
-- nothing of a replay that came in between: that is a turn of its own.
alter table webhook_events add column replays integer not null default 0;

-- The list, newest first. A state may be the one that nearly all are in, or that nearly none is; so each is walked by
-- itself, and where several are wanted they are merged. The webhooks of a record have their index already
-- (webhook_events_remote).
create index webhook_events_by_state on webhook_events (tenant_id, state, received_at, id);
create index webhook_events_by_connection on webhook_events (tenant_id, connection_id, state, received_at, id);

-- The links that don't come through: as small as what is wrong. Those that will be tried again and those that will not
-- are each walked in the list's order, and merged.
create index links_failing on links (tenant_id, connection_id, contact_id) where state = 'failing';
create index links_dead on links (tenant_id, connection_id, contact_id) where state = 'dead';

-- The conflicts with one CRM account, newest first.
create index sync_conflicts_by_connection on sync_conflicts (tenant_id, connection_id, id);
