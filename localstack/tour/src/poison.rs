//! A webhook that can't be worked: it is parked and told why, stops nothing, and is replayed once its cause is mended.
//!
//! The contact gets 60 custom fields here and 60 others there at a time when neither side can tell the other. Both are
//! good for themselves; together they are more than a contact may have.

use serde_json::{Map, Value, json};

use crate::{
    answer::Answer,
    crm,
    fault::{Fault, Shown},
    tour::Tour,
};

const FIELDS: usize = 60;

pub async fn park(tour: &mut Tour) -> Shown {
    let parked = cross_and_park(tour).await;
    if parked.is_err() {
        // The next step, which would, needs this one.
        crm::behave(tour).await?;
    }
    parked
}

async fn cross_and_park(tour: &Tour) -> Shown {
    let (pair, token, crm_token) = (tour.pair()?, tour.token()?, tour.crm_token()?);
    crm::misbehave(tour, &json!({"holdWebhooks": true})).await?;
    let theirs = json!({"acme_custom_fields": fields("there")});
    let record = tour.ask(tour.crm.patch(&pair.record_path()).with_token(crm_token).with_json(&theirs)).await?;
    record.has_status(200)?;

    crm::misbehave(tour, &json!({"down": true})).await?;
    let ours = json!({"customFields": fields("here")});
    let request = tour.api.patch(&pair.contact_path()).with_token(token).with_header("If-Match", "\"2\"");
    tour.ask(request.with_patch(&ours)).await?.has_status(200)?;

    let webhook = json!({"event": "contact.updated", "data": record.body});
    crm::send_by_hand(tour, &webhook).await?.has("/status", 202)?;
    let request = tour.api.get(&dead_ones(tour)?).with_token(token);
    let dead = tour.ask_until(request, |dead| dead.text("/items/0/id").map(drop)).await?;
    tour.report.answered(dead.text("/items/0/failure")?);
    Ok("it was accepted, can't be worked, and says why".into())
}

pub async fn mend_and_replay(tour: &mut Tour) -> Shown {
    let replayed = mend_and_wait(tour).await;
    // Whatever came of it, the next tour is to find a CRM that answers.
    crm::behave(tour).await?;
    replayed?;

    let pair = tour.pair()?;
    let path = format!("{}?include=links", pair.contact_path());
    let is_synced = |here: &Answer| here.has("/links/0/state", "synced");
    let here = tour.ask_until(tour.api.get(&path).with_token(tour.token()?), is_synced).await?;
    let there = tour.ask(tour.crm.get(&pair.record_path()).with_token(tour.crm_token()?)).await?;
    here.has("/customFields", there.body["acme_custom_fields"].clone())?;
    Ok("it was worked the second time, and both sides are the same again".into())
}

async fn mend_and_wait(tour: &Tour) -> Result<(), Fault> {
    let (pair, token) = (tour.pair()?, tour.token()?);
    let dead = tour.ask(tour.api.get(&dead_ones(tour)?).with_token(token)).await?;
    let webhook = format!("/webhook-events/{}", dead.text("/items/0/id")?);

    let none: Map<String, Value> = fields("here").into_iter().map(|(name, _)| (name, Value::Null)).collect();
    let request = tour.api.patch(&pair.contact_path()).with_token(token).with_header("If-Match", "\"3\"");
    tour.ask(request.with_patch(&json!({"customFields": none}))).await?.has_status(200)?;

    let replay = tour.ask(tour.api.post(&format!("{webhook}/replay")).with_token(token)).await?;
    replay.has_status(202)?;
    let worked = tour.api.get(&webhook).with_token(token);
    tour.ask_until(worked, |webhook| webhook.has("/state", "processed")).await.map(drop)
}

fn dead_ones(tour: &Tour) -> Result<String, Fault> {
    let (connection, record) = (&tour.settings.connection, &tour.pair()?.record);
    Ok(format!("/webhook-events?state=dead&connection={connection}&remoteId={record}"))
}

fn fields(side: &str) -> Map<String, Value> {
    (1..=FIELDS).map(|number| (format!("{side}{number}"), number.into())).collect()
}
