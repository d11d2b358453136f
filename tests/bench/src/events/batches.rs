//! Batches for the consumers, and the rows that they are about.

use std::ops::Range;

use bytes::Bytes;
use serde_json::{Value, json};
use support::account::{TOPIC, webhook};
use support::msk;
use support::remote::record;

use crate::requests::case::Block;
use crate::world::World;

/// Contacts that are linked, and the webhooks that change them.
const LINKED: Block = Block(20);
const CHANGES: Block = Block(21);
/// Webhooks of records that nobody has heard of.
const NEW: Block = Block(22);

/// What a batch is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Webhooks, each a change of another contact.
    Changes,
    /// Webhooks, each a new record.
    New,
    /// Events of contacts whose CRM has heard of them.
    Known,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Changes, Self::New, Self::Known];

    /// Who works them.
    pub fn function(self) -> &'static str {
        if self == Self::Known { "consume-contact-events" } else { "consume-webhook-events" }
    }

    /// In words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Changes => "webhooks, changes",
            Self::New => "webhooks, new contacts",
            Self::Known => "contact events, nothing to push",
        }
    }

    /// The mapping's event with the records of these numbers.
    pub fn batch(self, world: &World, numbers: Range<usize>) -> Bytes {
        let record = |number| match self {
            Self::Changes => msk::of_webhook(&CHANGES.id(number).to_string()),
            Self::New => msk::of_webhook(&NEW.id(number).to_string()),
            Self::Known => msk::of_contact(world.tenant(), &LINKED.id(number).to_string()),
        };
        let topic = if self == Self::Known { "crosswalk.contacts" } else { TOPIC };
        let records: Vec<Value> = numbers.map(record).collect();
        Bytes::from(msk::event(topic, &records).payload.to_string())
    }
}

/// Makes so many contacts with links, a webhook that changes each, and as many webhooks of new records.
pub async fn fill(world: &World, count: usize) {
    let (tenant, connection, id) = (world.tenant(), world.connection(), LINKED.id_sql());
    let base = with_number(&record("#"));
    world
        .execute(&format!(
            "insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version, \
                                   created_at, updated_at) \
             select '{tenant}', {id}, 'Ada', 'Lovelace', 'ada@example.com', 'active', '{{}}', '{{}}', 1, now(), now() \
             from generate_series(0, {count}) n; \
             insert into links (tenant_id, contact_id, connection_id, remote_id, base, base_timestamp, base_version, \
                                pushed_version, state) \
             select '{tenant}', {id}, '{connection}', n::text, ({base})::jsonb, '2026-01-01', 1, 1, 'synced' \
             from generate_series(0, {count}) n"
        ))
        .await;
    let mut changed = record("#");
    changed["acme_title"] = json!("Countess");
    changed["acme_version"] = json!(2);
    changed["acme_updated_at"] = json!("2026-01-02T00:00:00Z");
    receive(world, CHANGES, count, &changed).await;
    receive(world, NEW, count, &record("new-#")).await;
}

/// Webhooks that were accepted, each with this record, in which `#` stands for the number.
async fn receive(world: &World, block: Block, count: usize, data: &Value) {
    let (tenant, connection, id) = (world.tenant(), world.connection(), block.id_sql());
    let name = data["id"].as_str().unwrap_or_default().replace('#', "' || n || '");
    let body = with_number(&webhook("contact.updated", &format!("event-{}-#", block.0), data));
    world
        .execute(&format!(
            "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, \
                                         received_at, published_at) \
             select {id}, '{tenant}', '{connection}', 'event-{}-' || n, 'contact.updated', '{name}', 'received', \
                    convert_to({body}, 'UTF8'), now(), now() \
             from generate_series(0, {count}) n",
            block.0
        ))
        .await;
}

/// An SQL expression for this JSON, with the number `n` for `#`.
fn with_number(json: &Value) -> String {
    format!("'{}'", json.to_string().replace('#', "' || n || '"))
}
