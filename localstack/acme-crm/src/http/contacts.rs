//! The routes of contacts.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::read::{self, Body};
use crate::contacts::{self, Way, Written};
use crate::crm::Crm;
use crate::problem::Problem;
use crate::record::{Members, Record};
use crate::store::Which;
use crate::webhooks::State as Progress;

const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

/// How long an answer waits for its webhook, if it has to.
const WEBHOOK_FIRST: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Listing {
    limit: Option<usize>,
    cursor: Option<String>,
    external_id: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
struct Deletion {
    acme_version: Option<u64>,
}

/// `GET /contacts`: a page, and the cursor of the next.
pub(super) async fn list(State(crm): State<Arc<Crm>>, uri: Uri) -> Result<Json<Value>, Problem> {
    let listing: Listing = read::query(&uri)?;
    let limit = listing.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::Malformed(format!("limit must be from 1 to {LARGEST_PAGE}.")));
    }
    let after = listing.cursor.as_deref().map(after).transpose()?;
    let email = listing.email.as_deref().map(str::to_lowercase);
    let which = match (&listing.external_id, &email) {
        (Some(value), _) => Which::WithExternalId(value.clone()),
        (None, Some(value)) => Which::WithEmail(value.clone()),
        (None, None) => Which::All,
    };
    let page = crm.store.page(&which, after.as_deref(), limit).await?;
    // The index has found them by one of the two.
    let wanted = |record: &Record| {
        listing.external_id.as_deref().is_none_or(|value| record.external_id() == Some(value))
            && email.as_ref().is_none_or(|value| record.email().as_ref() == Some(value))
    };
    let items: Vec<_> = page.items.into_iter().filter(wanted).collect();
    Ok(Json(json!({"items": items, "next": page.next.map(|id| URL_SAFE_NO_PAD.encode(id))})))
}

/// `POST /contacts`.
pub(super) async fn create(State(crm): State<Arc<Crm>>, Body(body): Body) -> Result<Response, Problem> {
    let (members, _) = Members::read(&body)?;
    let written = contacts::create(&crm, members).await?;
    let location = format!("/contacts/{}", written.record.id());
    let record = answer(&crm, written).await;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(record)).into_response())
}

/// `GET /contacts/{id}`.
pub(super) async fn get(State(crm): State<Arc<Crm>>, Path(id): Path<String>) -> Result<Json<Record>, Problem> {
    let stored = crm.store.record(&id).await?.ok_or(Problem::NoSuchContact)?;
    Ok(Json(stored.record))
}

/// `PUT /contacts/{id}`.
pub(super) async fn replace(
    State(crm): State<Arc<Crm>>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<Record>, Problem> {
    change(&crm, &id, Way::Replace, &body).await
}

/// `PATCH /contacts/{id}`.
pub(super) async fn merge(
    State(crm): State<Arc<Crm>>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<Record>, Problem> {
    change(&crm, &id, Way::Merge, &body).await
}

/// `DELETE /contacts/{id}`.
pub(super) async fn delete(
    State(crm): State<Arc<Crm>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    let deletion: Deletion = read::query(&uri)?;
    let written = contacts::delete(&crm, &id, deletion.acme_version).await?;
    answer(&crm, written).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(crm: &Crm, id: &str, way: Way, body: &[u8]) -> Result<Json<Record>, Problem> {
    let (members, expected) = Members::read(body)?;
    let written = contacts::change(crm, id, way, &members, expected).await?;
    Ok(Json(answer(crm, written).await))
}

/// The record, after its webhook was delivered if that is to be first.
async fn answer(crm: &Crm, written: Written) -> Record {
    if let Some(key) = written.delivery.filter(|_| crm.faults.get().webhook_first) {
        let delivered = async {
            loop {
                let settled = crm.settled.notified();
                match crm.store.delivery(&key).await {
                    Ok(Some(delivery)) if delivery.state == Progress::Pending => settled.await,
                    _ => return,
                }
            }
        };
        let _ = timeout_at(Instant::now() + WEBHOOK_FIRST, delivered).await;
    }
    written.record
}

/// The id after which a page begins.
fn after(cursor: &str) -> Result<String, Problem> {
    let id = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    id.filter(|id| id.starts_with("ac_")).ok_or_else(|| Problem::Malformed("cursor is none of ours.".to_owned()))
}
