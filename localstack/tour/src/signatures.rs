//! Webhooks of others than the CRM: refused before anything in them is read.

use serde_json::json;

use crate::{crm, fault::Shown, tour::Tour};

pub async fn forge(tour: &mut Tour) -> Shown {
    let path = format!("/webhooks/{}", tour.settings.connection);
    let event = json!({"event": "contact.deleted", "id": "ev_forged", "data": {"id": tour.pair()?.record}});
    let unsigned = tour.ask(tour.api.post(&path).with_json(&event)).await?;
    unsigned.is_problem(401)?;

    let guessed = tour.api.post(&path).with_header("X-Acme-Signature", &format!("sha256={}", "0".repeat(64)));
    let guessed = guessed.with_header("X-Acme-Timestamp", "2026-01-31T12:00:00Z").with_json(&event);
    tour.ask(guessed).await?.is_problem(401)?;

    let mut forged = event;
    forged["secret"] = json!("another secret");
    let answer = crm::send_by_hand(tour, &forged).await?;
    answer.has("/status", 401)?;
    answer.has("/body/code", unsigned.body["code"].clone())?;
    Ok("without a signature, with a guessed one, and with another secret's: all the same 401".into())
}
