//! Reading requests, with errors in the CRM's form.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{StatusCode, Uri};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A body, of at most the length that is allowed.
pub(super) struct Body(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body: Result<Bytes, BytesRejection> = Bytes::from_request(request, state).await;
        body.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
            _ => Problem::Malformed("The body broke off.".to_owned()),
        })
    }
}

/// A body that is an object of a known form: broken JSON is malformed, another form is invalid.
pub(super) fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    let value: serde_json::Value =
        serde_json::from_slice(body).map_err(|error| Problem::Malformed(error.to_string()))?;
    if !value.is_object() {
        // A list would be taken for the members in their order.
        return Err(Problem::Unreadable("The body must be an object.".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| Problem::Unreadable(error.to_string()))
}

/// The parameters of a query.
pub(super) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let Query(parameters) = Query::try_from_uri(uri).map_err(|error| Problem::Malformed(error.body_text()))?;
    Ok(parameters)
}
