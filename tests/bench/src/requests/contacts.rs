//! Requests about contacts.

use serde_json::{Value, json};
use support::app::{ada, person};

use super::case::{Ask, Block, Case};
use crate::world::World;

const READ: Block = Block(1);
const UPDATED: Block = Block(2);
const REPLACED: Block = Block(3);
const DELETED: Block = Block(4);
const RESTORED: Block = Block(5);

/// Makes the contacts, so many in each block.
pub async fn fill(world: &World, count: usize) {
    let tenant = world.tenant();
    for block in [READ, UPDATED, REPLACED, DELETED, RESTORED] {
        let id = block.id_sql();
        let gone = if block.0 == RESTORED.0 { "now()" } else { "null" };
        world
            .execute(&format!(
                "insert into contacts (tenant_id, id, first_name, last_name, email, phone, company, title, address, notes, \
                                       status, tags, custom_fields, version, created_at, updated_at, deleted_at) \
                 select '{tenant}', {id}, 'Ada', 'Lovelace', 'ada' || n || '@example.com', '+14155552671', \
                        'Analytical Engines', 'Countess', '{{\"city\": \"London\", \"country\": \"GB\"}}', 'Notes', 'active', \
                        '{{mathematics,poetry}}', '{{\"born\": 1815}}', 1, now(), now(), {gone} \
                 from generate_series(0, {count}) n"
            ))
            .await;
    }
    // One contact has a past.
    world
        .execute(&format!(
            "insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, \
                                         changed_fields, occurred_at, published_at) \
             select gen_random_uuid(), tenant_id, id, n, 'updated', '{{\"kind\": \"api\"}}', to_jsonb(c), to_jsonb(c), \
                    '{{title}}', now(), now() \
             from contacts c, generate_series(1, 50) n where id = '{}'",
            READ.id(0)
        ))
        .await;
}

/// What is asked about contacts.
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("get-contact", "cached", ("GET /contacts/{id}", 200), |world, _| path(world, READ, 0, "")),
        Case::new("get-contact", "not cached", ("GET /contacts/{id}", 200), |world, number| {
            path(world, READ, 1 + number, "")
        }),
        Case::new("get-contact", "not modified", ("GET /contacts/{id}", 304), |world, _| {
            path(world, READ, 0, "").header("if-none-match", "\"1\"")
        }),
        Case::new("create-contact", "", ("POST /contacts", 201), |world, _| Ask::new(world, "/contacts").json(&ada())),
        Case::new("create-contact", "with a key", ("POST /contacts", 201), |world, number| {
            let key = format!("key-{number}");
            Ask::new(world, "/contacts").header("idempotency-key", &key).json(&ada())
        }),
        Case::new("update-contact", "", ("PATCH /contacts/{id}", 200), |world, number| {
            path(world, UPDATED, number, "").forced().json(&json!({"title": "Programmer"}))
        }),
        Case::new("replace-contact", "", ("PUT /contacts/{id}", 200), |world, number| {
            path(world, REPLACED, number, "").forced().json(&person("Grace", "Hopper"))
        }),
        Case::new("delete-contact", "", ("DELETE /contacts/{id}", 204), |world, number| {
            path(world, DELETED, number, "").forced()
        }),
        Case::new("restore-contact", "", ("POST /contacts/{id}/restore", 200), |world, number| {
            path(world, RESTORED, number, "/restore").forced()
        }),
        Case::new("list-contacts", "50 of them", ("GET /contacts", 200), |world, _| Ask::new(world, "/contacts")),
        Case::new("list-contact-history", "50 events", ("GET /contacts/{id}/history", 200), |world, _| {
            path(world, READ, 0, "/history")
        }),
        Case::new("upsert-contacts", "1 new", ("POST /contacts/batch", 207), |world, number| batch(world, number, 1)),
        Case::new("upsert-contacts", "100 new", ("POST /contacts/batch", 207), |world, number| {
            batch(world, number, 100)
        })
        .heavy(20),
        Case::new("upsert-contacts", "500 new", ("POST /contacts/batch", 207), |world, number| {
            batch(world, number, 500)
        })
        .heavy(50),
    ]
}

fn path(world: &World, block: Block, number: usize, rest: &str) -> Ask {
    Ask::new(world, format!("/contacts/{}{rest}", block.id(number)))
}

fn batch(world: &World, number: usize, size: usize) -> Ask {
    let items: Vec<Value> = (0..size).map(|item| person(&format!("Grace{number}x{item}"), "Hopper")).collect();
    Ask::new(world, "/contacts/batch").json(&json!({"items": items}))
}
