//! The counting, once everything is at rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use support::outbox::{Outbox, first_named, first_published};
use support::sides;
use support::wait::eventually;
use tokio_postgres::{Client, Row};

use crate::ledger::{Came, Ledger};
use crate::operations::GET;
use crate::world::{POOL, World};

/// What cached answers may live, and a while more.
const CACHED: Duration = Duration::from_secs(30);

/// So many contacts are read by the API.
const SAMPLE: i64 = 20;

/// So many of the things that are wrong are shown.
const SHOWN: usize = 10;

/// All that is wrong.
pub async fn of(world: &World, ledger: &Ledger, sql: &Client) -> Vec<String> {
    let mut wrong = Vec::new();
    wrong.extend(accepted(ledger, sql).await);
    wrong.extend(turns(ledger, sql).await);
    wrong.extend(typed(ledger, sql).await);
    wrong.extend(told(world, sql).await);
    wrong.extend(published(world, sql).await);
    wrong.extend(sides::out_of_order(sql).await);
    wrong.extend(sides::differences(sql, &world.crm).await);
    wrong.extend(left_over(world, sql).await);
    shown(world, sql).await;
    wrong
}

/// The first of them, in lines.
pub fn shortened(wrong: &[String]) -> String {
    wrong.iter().take(SHOWN).map(|what| format!("  {what}")).collect::<Vec<_>>().join("\n")
}

/// Each write that was accepted made the version that it was answered with; one without an answer made one or none; one
/// that was refused made none. So no key has made two contacts, and no change was made twice.
async fn accepted(ledger: &Ledger, sql: &Client) -> Vec<String> {
    let look = "select after ->> 'notes', contact_id::text, version::bigint from contact_events \
                where 'notes' = any(changed_fields) and after ->> 'notes' is not null";
    let mut made: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for row in rows(sql, look).await {
        made.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    let mut wrong = Vec::new();
    for write in ledger.writes() {
        let made = made.remove(&write.mark).unwrap_or_default();
        let is_right = match &write.came {
            Came::Accepted { id, version } => made == [(id.clone(), *version)],
            Came::Refused => made.is_empty(),
            Came::Unknown => made.len() <= 1,
        };
        if !is_right {
            wrong.push(format!("{write:?}, and made {made:?}"));
        }
    }
    wrong.extend(made.into_iter().map(|(mark, made)| format!("nobody wrote {mark}, which made {made:?}")));
    let versions: BTreeSet<(String, i64)> = rows(sql, "select contact_id::text, version::bigint from contact_events")
        .await
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let unheard = ledger.seen().into_iter().filter(|seen| !versions.contains(seen));
    wrong.extend(unheard.map(|(id, version)| format!("version {version} of {id} was shown, and is not there")));
    wrong
}

/// Contacts were deleted and restored as often as that was asked for.
async fn turns(ledger: &Ledger, sql: &Client) -> Vec<String> {
    let look = "select contact_id::text, type, count(*) from contact_events \
                where type in ('deleted', 'restored') and origin ->> 'kind' = 'api' group by 1, 2";
    let mut done: BTreeMap<(String, String), i64> =
        rows(sql, look).await.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    let mut asked: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for turn in ledger.turns() {
        let (least, most) = asked.entry((turn.id, turn.kind.to_owned())).or_default();
        *least += i64::from(turn.accepted);
        *most += 1;
    }
    let mut wrong = Vec::new();
    for (turn, (least, most)) in asked {
        let done = done.remove(&turn).unwrap_or_default();
        if !(least..=most).contains(&done) {
            wrong.push(format!("{turn:?} {done} times, and asked for {least} to {most} times"));
        }
    }
    wrong.extend(done.into_iter().map(|(turn, done)| format!("{turn:?} {done} times, and nobody asked")));
    wrong
}

/// What somebody has typed into the CRM changed a contact once at most.
async fn typed(ledger: &Ledger, sql: &Client) -> Vec<String> {
    let look = "select after ->> 'title', count(*) from contact_events \
                where 'title' = any(changed_fields) and after ->> 'title' is not null group by 1";
    let known: BTreeSet<_> = ledger.titles().into_iter().collect();
    let changed: Vec<(String, i64)> = rows(sql, look).await.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_wrong = |(title, times): &(String, i64)| *times > 1 || !known.contains(title);
    changed
        .into_iter()
        .filter(is_wrong)
        .map(|(title, times)| format!("{title} was brought here {times} times"))
        .collect()
}

/// The CRM has told all, and each webhook that was taken is there.
async fn told(world: &World, sql: &Client) -> Vec<String> {
    let look = "select event_id from webhook_events where state in ('processed', 'unchanged')";
    let worked: BTreeSet<String> = rows(sql, look).await.iter().map(|row| row.get(0)).collect();
    let told = world.crm.deliveries().await;
    assert!(!told.is_empty(), "the CRM has told nothing");
    let is_wrong = |(id, state): &(String, String)| state != "delivered" || !worked.contains(id);
    told.into_iter()
        .filter(is_wrong)
        .map(|(id, state)| format!("the webhook {id} is {state}, and was not worked"))
        .collect()
}

/// The topics have all that happened, of each contact in the order in which it did.
async fn published(world: &World, sql: &Client) -> Vec<String> {
    let (contacts, webhooks) = (Outbox::of_contacts(sql), Outbox::of_webhooks(sql));
    let mut wrong =
        differing("contact", &first_published(&world.way.contacts.records().await), &contacts.versions().await);
    wrong.extend(differing("record", &first_named(&world.way.webhooks.records().await), &webhooks.names().await));
    wrong
}

fn differing<T: PartialEq + Debug>(
    what: &str,
    topic: &BTreeMap<String, T>,
    table: &BTreeMap<String, T>,
) -> Vec<String> {
    let keys: BTreeSet<_> = topic.keys().chain(table.keys()).collect();
    let differs = keys.into_iter().filter(|key| topic.get(*key) != table.get(*key));
    let told =
        differs.map(|key| format!("of the {what} {key} the topic has {:?}, not {:?}", topic.get(key), table.get(key)));
    told.collect()
}

/// Nothing was given up, and nobody holds more connections than it may.
async fn left_over(world: &World, sql: &Client) -> Vec<String> {
    let look = "select 'dead events', count(*) from contact_events where dead_at is not null \
                union all select 'dead webhooks', count(*) from webhook_events where state = 'dead' \
                union all select 'dead links', count(*) from links where state = 'dead' \
                union all select 'parked records', count(*) from parked_records";
    let mut wrong: Vec<_> = rows(sql, look)
        .await
        .iter()
        .filter(|row| row.get::<_, i64>(1) > 0)
        .map(|row| format!("there are {} {}", row.get::<_, i64>(1), row.get::<_, String>(0)))
        .collect();
    // Beside the functions there is this process's own instance. A relay has one more connection, for its lease.
    let relays = world.way.relay.function.pids().len();
    let most = (world.functions().map(|function| function.pids().len()).sum::<usize>() + 1) * POOL + relays;
    let look = format!(
        "select count(*) from pg_stat_activity where datname = current_database() and usename = '{}'",
        world.test.database.credentials().username
    );
    let open: i64 = rows(sql, &look).await[0].get(0);
    if usize::try_from(open).is_ok_and(|open| open > most) {
        wrong.push(format!("there are {open} connections, and the instances may have {most}"));
    }
    wrong
}

/// The API shows contacts as they are.
async fn shown(world: &World, sql: &Client) {
    let look = format!(
        "select id::text, version::bigint, deleted_at is null from contacts order by updated_at desc limit {SAMPLE}"
    );
    for row in rows(sql, &look).await {
        let (id, version, lives): (String, i64, bool) = (row.get(0), row.get(1), row.get(2));
        let wanted = if lives { (200, Some(version)) } else { (410, None) };
        let look = async || {
            let answer = world.ask(GET, world.api.ask("GET", &format!("/contacts/{id}"))).await.ok_or((503, None))?;
            let shown = (answer.status, answer.json()["version"].as_i64());
            if shown == wanted { Ok(()) } else { Err(shown) }
        };
        eventually(&format!("the contact {id} to be shown as {wanted:?}"), CACHED, look).await;
    }
}

async fn rows(sql: &Client, look: &str) -> Vec<Row> {
    sql.query(look, &[]).await.unwrap_or_else(|error| panic!("{look}: {error}"))
}
