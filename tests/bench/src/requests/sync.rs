//! Requests about a CRM's records, its webhooks, and what became of them.

use acme_crm::signature;
use jiff::Timestamp;
use serde_json::json;
use support::account::webhook;
use support::remote::record;

use super::case::{Ask, Block, Case};
use crate::world::World;

const LINKED: Block = Block(10);
const FAILED: Block = Block(11);

const GET_REMOTE: &str = "GET /connections/{connection}/contacts/{remoteId}";
const PUT_REMOTE: &str = "PUT /connections/{connection}/contacts/{remoteId}";

/// Makes contacts that are linked, links that are given up, webhooks that were worked, conflicts.
pub async fn fill(world: &World, count: usize) {
    let (tenant, connection) = (world.tenant(), world.connection());
    for (block, state, failure) in [(LINKED, "synced", "null"), (FAILED, "dead", "'the CRM refuses it'")] {
        let (id, name) = (block.id_sql(), block.0);
        let record = record("remote").to_string().replace("\"remote\"", &format!("\"{name}-' || n || '\""));
        world
            .execute(&format!(
                "insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version, \
                                       created_at, updated_at) \
                 select '{tenant}', {id}, 'Ada', 'Lovelace', 'ada@example.com', 'active', '{{}}', '{{}}', 1, now(), now() \
                 from generate_series(0, {count}) n; \
                 insert into links (tenant_id, contact_id, connection_id, remote_id, base, base_timestamp, base_version, \
                                    pushed_version, state, failure) \
                 select '{tenant}', {id}, '{connection}', '{name}-' || n, ('{record}')::jsonb, '2026-01-01', 1, 1, \
                        '{state}', {failure} from generate_series(0, {count}) n"
            ))
            .await;
    }
    world
        .execute(&format!(
            "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, \
                                         received_at, processed_at, published_at) \
             select {id}, '{tenant}', '{connection}', 'old-' || n, 'contact.updated', n::text, 'processed', \
                    '{{}}', now(), now(), now() from generate_series(0, {count}) n; \
             insert into sync_conflicts (tenant_id, contact_id, connection_id, field, ours, theirs, kept, occurred_at) \
             select '{tenant}', '{contact}', '{connection}', 'title', '\"a\"', '\"b\"', 'ours', now() \
             from generate_series(1, 100) n",
            id = LINKED.id_sql(),
            contact = LINKED.id(0),
        ))
        .await;
}

/// What is asked about a CRM's records and webhooks.
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("get-remote-contact", "", (GET_REMOTE, 200), |world, number| {
            Ask::new(world, remote(world, &format!("{}-{number}", LINKED.0)))
        }),
        Case::new("put-remote-contact", "a change", (PUT_REMOTE, 200), |world, number| {
            let id = format!("{}-{number}", LINKED.0);
            let mut record = record(&id);
            record["acme_title"] = json!("Countess");
            record["acme_version"] = json!(2);
            record["acme_updated_at"] = json!("2026-01-02T00:00:00Z");
            Ask::new(world, remote(world, &id)).json(&record)
        }),
        Case::new("put-remote-contact", "a new record", (PUT_REMOTE, 201), |world, number| {
            let id = format!("new-{number}");
            Ask::new(world, remote(world, &id)).json(&record(&id))
        }),
        Case::new("receive-webhook", "", ("POST /webhooks/{connection}", 202), |world, number| {
            let id = format!("event-{number}");
            let body = webhook("contact.updated", &id, &record(&id)).to_string();
            let at = Timestamp::now().to_string();
            Ask::anonymous(format!("/webhooks/{}", world.connection()))
                .header("x-acme-signature", &signature(world.webhook_secret(), &at, body.as_bytes()))
                .header("x-acme-timestamp", &at)
                .body("application/json", body)
        }),
        Case::new("list-webhook-events", "50 of them", ("GET /webhook-events", 200), |world, _| {
            Ask::new(world, "/webhook-events")
        }),
        Case::new("get-webhook-event", "", ("GET /webhook-events/{id}", 200), |world, number| {
            Ask::new(world, format!("/webhook-events/{}", LINKED.id(number)))
        }),
        Case::new("replay-webhook-events", "one", ("POST /webhook-events/{id}/replay", 202), |world, number| {
            Ask::new(world, format!("/webhook-events/{}/replay", LINKED.id(number)))
        }),
        Case::new("list-sync-failures", "50 of them", ("GET /sync-failures", 200), |world, _| {
            Ask::new(world, "/sync-failures")
        }),
        Case::new("replay-sync-failure", "", ("POST /sync-failures/{id}/replay", 202), |world, number| {
            Ask::new(world, format!("/sync-failures/{}.{}/replay", world.connection(), FAILED.id(number)))
        }),
        Case::new("list-sync-conflicts", "50 of them", ("GET /sync-conflicts", 200), |world, _| {
            Ask::new(world, "/sync-conflicts")
        }),
    ]
}

fn remote(world: &World, id: &str) -> String {
    format!("/connections/{}/contacts/{id}", world.connection())
}
