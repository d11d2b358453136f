//! Records in the CRM's own form.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    fault::{Shown, member_is},
    tour::Tour,
};

pub async fn put_and_read_back(tour: &mut Tour) -> Shown {
    let id = format!("tour-{}", Uuid::now_v7().simple());
    let record = record(&id);
    let (path, token) = (format!("/connections/{}/contacts/{id}", tour.settings.connection), tour.token()?);
    let answer = tour.ask(tour.api.put(&path).with_token(token).with_json(&record)).await?;
    answer.has_status(201)?;
    answer.has("/firstName", record["acme_first_name"].clone())?;
    answer.has("/phone", "+14155552671")?;
    answer.has("/address/postalCode", "94105")?;
    answer.has("/status", "lead")?;

    let again = tour.ask(tour.api.put(&path).with_token(token).with_json(&record)).await?;
    again.has_status(200)?;
    again.has("/version", 1)?;

    let back = tour.ask(tour.api.get(&path).with_token(token)).await?;
    back.has_status(200)?;
    member_is(&back.body, "", record)?;
    Ok("a contact in our form here, and to the letter what was put there".into())
}

/// A record of `AcmeCRM`, with members that nobody here knows.
fn record(id: &str) -> Value {
    json!({
        "id": id,
        "acme_first_name": "Margaret",
        "acme_last_name": "Hamilton",
        "acme_email": "margaret.hamilton@example.com",
        "acme_phone": "(415) 555-2671",
        "acme_address": "123 Main St, San Francisco, CA 94105, USA",
        "acme_status": "Lead",
        "acme_tags": ["guidance", "software"],
        "acme_updated_at": "2026-01-31T12:00:00Z",
        "acme_version": 3,
        "acme_owner": {"name": "nobody here", "since": 1969},
    })
}
