//! Steering the simulator. These routes take no token, since nobody but a developer or a test is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::read::{self, Body};
use crate::crm::Crm;
use crate::faults::Faults;
use crate::problem::{Fault, Problem};
use crate::webhooks::{ByHand, Delivery, State as Progress, send_once};

/// How many deliveries are listed, unless the request says.
const DELIVERIES: usize = 100;

#[derive(Deserialize)]
struct Wanted {
    event: Option<String>,
    record: Option<String>,
    state: Option<Progress>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Sending {
    #[serde(default)]
    wait: bool,
}

/// `GET /health`: whether the CRM's Redis answers.
pub(super) async fn health(State(crm): State<Arc<Crm>>) -> Result<Json<Value>, Problem> {
    crm.store.count().await?;
    Ok(Json(json!({"status": "ok"})))
}

/// `DELETE /simulator`: everything is as at the first start.
pub(super) async fn clear(State(crm): State<Arc<Crm>>) -> Result<StatusCode, Problem> {
    crm.store.clear().await?;
    crm.faults.set(Faults::default());
    crm.requests.clear();
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /simulator/contacts/count`.
pub(super) async fn count(State(crm): State<Arc<Crm>>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"count": crm.store.count().await?})))
}

/// `GET /simulator/requests`: how often each route was asked.
pub(super) async fn requests(State(crm): State<Arc<Crm>>) -> Json<BTreeMap<String, u64>> {
    Json(crm.requests.all())
}

/// `GET /simulator/faults`.
pub(super) async fn faults(State(crm): State<Arc<Crm>>) -> Json<Faults> {
    Json(crm.faults.get())
}

/// `PUT /simulator/faults`: these and no others.
pub(super) async fn set_faults(State(crm): State<Arc<Crm>>, Body(body): Body) -> Result<Json<Faults>, Problem> {
    let faults: Faults = read::json(&body)?;
    let senseless = faults.senseless();
    if !senseless.is_empty() {
        let fault = |field: &&str| Fault { field: (*field).to_owned(), message: "must be from 0 to 1" };
        return Err(Problem::Invalid(senseless.iter().map(fault).collect()));
    }
    crm.faults.set(faults.clone());
    Ok(Json(faults))
}

/// `GET /simulator/deliveries`: the newest first.
pub(super) async fn deliveries(State(crm): State<Arc<Crm>>, uri: Uri) -> Result<Json<Value>, Problem> {
    let wanted: Wanted = read::query(&uri)?;
    let is_wanted = |delivery: &Delivery| {
        wanted.event.as_ref().is_none_or(|event| *event == delivery.event)
            && wanted.record.as_ref().is_none_or(|record| *record == delivery.record)
            && wanted.state.is_none_or(|state| state == delivery.state)
    };
    let newest = crm.store.newest(wanted.limit.unwrap_or(DELIVERIES), is_wanted).await?;
    Ok(Json(json!({"items": newest.iter().map(shown).collect::<Vec<_>>()})))
}

/// `POST /simulator/webhooks`: an event by hand. With `wait=true` it is sent once, at once, and the receiver's answer
/// is the answer.
pub(super) async fn send(State(crm): State<Arc<Crm>>, uri: Uri, Body(body): Body) -> Result<Response, Problem> {
    let sending: Sending = read::query(&uri)?;
    let by_hand: ByHand = read::json(&body)?;
    let delivery = by_hand.into_delivery()?;
    let webhook = crm.webhook.borrow().clone().ok_or(Problem::Impossible("There is no URL to send webhooks to."))?;
    if sending.wait {
        return Ok(Json(send_once(&crm, &webhook, &delivery).await).into_response());
    }
    crm.store.queue(&delivery).await?;
    crm.queued.notify_one();
    Ok((StatusCode::ACCEPTED, Json(json!({"id": delivery.id}))).into_response())
}

fn shown(delivery: &Delivery) -> Value {
    let body = serde_json::from_str(&delivery.body).unwrap_or_else(|_| Value::String(delivery.body.clone()));
    json!({
        "id": delivery.id,
        "event": delivery.event,
        "record": delivery.record,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "lastStatus": delivery.last_status,
        "at": delivery.at,
        "body": body,
    })
}
