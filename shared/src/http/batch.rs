//! The answer to a batch: 207 (RFC 4918, section 13), with a status for each item.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::http::response::Builder;
use serde_json::{Value, json};

use super::Response;
use super::problem::within;
use super::responses::finish;
use crate::contacts::{Done, Outcome};

/// The outcomes as a body, in the order of the items.
pub fn multi_status(outcomes: &[Outcome]) -> String {
    let items: Value = outcomes.iter().enumerate().map(|(index, outcome)| item(index, outcome)).collect();
    json!({"items": items}).to_string()
}

/// A batch that was done.
pub fn batch(done: Done) -> Response {
    let mut builder = Builder::new().status(StatusCode::MULTI_STATUS).header(CONTENT_TYPE, "application/json");
    if done.replayed {
        builder = builder.header("idempotent-replayed", "true");
    }
    finish(builder.body(Body::Text(done.json)))
}

fn item(index: usize, outcome: &Outcome) -> Value {
    match outcome {
        Ok(upserted) => {
            let status = if upserted.created { StatusCode::CREATED } else { StatusCode::OK };
            json!({"index": index, "status": status.as_u16(), "id": upserted.id, "version": upserted.version})
        }
        Err(error) => {
            let (status, problem) = within(error);
            json!({"index": index, "status": status.as_u16(), "error": problem})
        }
    }
}
