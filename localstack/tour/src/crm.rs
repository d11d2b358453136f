//! The CRM: a login there, and what can be made to go wrong with it.

use serde_json::{Value, json};

use crate::{
    answer::{Answer, in_brief},
    fault::{Fault, Shown},
    tour::Tour,
};

pub async fn log_in(tour: &mut Tour) -> Shown {
    // A tour that was broken off may have left it down.
    behave(tour).await?;
    let answer = tour.ask(tour.crm.post("/auth/login").with_login(&tour.settings.crm_user)).await?;
    answer.has_status(200)?;
    let token = answer.text("/token")?.to_owned();
    tour.keep_crm_token(token);
    Ok("a token for the requests to the CRM".into())
}

/// Makes these things go wrong, and no others.
pub async fn misbehave(tour: &Tour, faults: &Value) -> Result<(), Fault> {
    tour.ask(tour.crm.put("/simulator/faults").with_json(faults)).await?.has_status(200)
}

/// Makes nothing go wrong.
pub async fn behave(tour: &Tour) -> Result<(), Fault> {
    misbehave(tour, &json!({})).await
}

/// Has the CRM send a webhook at once, whatever state it is in, and answers what the receiver said to it.
pub async fn send_by_hand(tour: &Tour, webhook: &Value) -> Result<Answer, Fault> {
    let answer = tour.ask(tour.crm.post("/simulator/webhooks?wait=true").with_json(webhook)).await?;
    answer.has_status(200)?;
    tour.report.answered(&format!(
        "and Crosswalk had answered it {} {}",
        answer.body["status"],
        in_brief(&answer.body["body"])
    ));
    Ok(answer)
}
