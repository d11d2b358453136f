//! A contact that is the same on both sides, whichever of them changes it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::Answer,
    fault::{Fault, Shown, member_is},
    tour::{Pair, Tour},
};

pub async fn make_there(tour: &mut Tour) -> Shown {
    let record = radia_perlman();
    let made = tour.ask(tour.crm.post("/contacts").with_token(tour.crm_token()?).with_json(&record)).await?;
    made.has_status(201)?;
    let record = made.text("/id")?.to_owned();

    let path = format!("/contacts?connection={}&remoteId={record}", tour.settings.connection);
    let listed = tour.ask_until(tour.api.get(&path).with_token(tour.token()?), is_listed).await?;
    listed.has("/items/0/email", made.body["acme_email"].clone())?;
    listed.has("/items/0/phone", "+14155552671")?;
    listed.has("/items/0/version", 1)?;
    let contact = listed.text("/items/0/id")?.to_owned();
    let told = format!("the CRM's webhook brought it: contact {contact}");
    tour.keep_pair(Pair { record, contact });
    Ok(told)
}

pub async fn change_here(tour: &mut Tour) -> Shown {
    let (pair, title) = (tour.pair()?.clone(), "Fellow");
    let request = tour.api.patch(&pair.contact_path()).with_token(tour.token()?).with_header("If-Match", "\"1\"");
    let changed = tour.ask(request.with_patch(&json!({"title": title}))).await?;
    changed.has_status(200)?;
    changed.has("/version", 2)?;

    let record = tour.crm.get(&pair.record_path()).with_token(tour.crm_token()?);
    let record = tour.ask_until(record, |record| record.has("/acme_title", title)).await?;
    // Its phone number is written as it was there, though the contact has it in another form.
    record.has("/acme_phone", "(415) 555-2671")?;
    Ok("the title is new there as well; the rest is to the letter what it was".into())
}

pub async fn hear_no_echo(tour: &mut Tour) -> Shown {
    let (pair, token) = (tour.pair()?.clone(), tour.token()?);
    let path = format!("/webhook-events?connection={}&remoteId={}", tour.settings.connection, pair.record);
    let heard = tour.ask_until(tour.api.get(&path).with_token(token), both_are_worked).await?;
    for webhook in heard.items()? {
        tour.report.answered(&format!("{}  {}", webhook["type"], webhook["state"]));
    }
    let here = tour.ask(tour.api.get(&format!("{}?include=links", pair.contact_path())).with_token(token)).await?;
    here.has("/version", 2)?;
    here.has("/links/0/state", "synced")?;
    let there = tour.ask(tour.crm.get(&pair.record_path()).with_token(tour.crm_token()?)).await?;
    there.has("/acme_version", 2)?;
    Ok("the CRM told us of our own change, and nothing came of it: version 2 on both sides".into())
}

fn is_listed(answer: &Answer) -> Result<(), Fault> {
    match answer.items()? {
        [_] => Ok(()),
        items => Err(Fault::unexpected("the number of contacts", &1, &items.len())),
    }
}

/// Newest first: our own change, and the record as it was made.
fn both_are_worked(answer: &Answer) -> Result<(), Fault> {
    let webhooks: Vec<Value> = answer.items()?.iter().map(|it| json!([it["type"], it["state"]])).collect();
    let expected = json!([["contact.updated", "unchanged"], ["contact.created", "processed"]]);
    member_is(&json!(webhooks), "", expected)
}

/// A record that no tour made before.
fn radia_perlman() -> Value {
    json!({
        "acme_first_name": "Radia",
        "acme_last_name": "Perlman",
        "acme_email": format!("radia.perlman+{}@example.com", Uuid::now_v7().simple()),
        "acme_phone": "(415) 555-2671",
        "acme_title": "Engineer",
        "acme_bridges": {"spanning": "tree"},
    })
}
