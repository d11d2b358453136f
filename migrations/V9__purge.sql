-- What purge-expired looks rows up by. All else that it walks has an index already: contact_events and webhook_events
-- are walked by id, which is the order in which they age, idempotency_keys and revocations by their ages.

-- The deleted contacts, the longest deleted first. As small as what is deleted and not yet purged. The id tells apart
-- what was deleted at one moment, so that a walk can go on from any of them.
create index contacts_deleted on contacts (deleted_at, id) where deleted_at is not null;

-- The webhooks that told of a remote record, in the order they came.
create index webhook_events_remote on webhook_events (tenant_id, connection_id, remote_id, id);
