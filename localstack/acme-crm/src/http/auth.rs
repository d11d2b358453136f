//! Logging in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;

use super::guard::user;
use super::read::{self, Body};
use crate::crm::Crm;
use crate::problem::Problem;
use crate::tokens::Token;

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// `POST /auth/login`.
pub(super) async fn login(State(crm): State<Arc<Crm>>, Body(body): Body) -> Result<Json<Token>, Problem> {
    let given: Credentials = read::json(&body)?;
    if given.username != crm.settings.username || given.password != crm.settings.password {
        return Err(Problem::Unauthorised("The user name or the password is wrong."));
    }
    crm.tokens.issue(&given.username).map(Json)
}

/// `POST /auth/refresh`: a new token for one that is still good.
pub(super) async fn refresh(State(crm): State<Arc<Crm>>, headers: HeaderMap) -> Result<Json<Token>, Problem> {
    let user = user(&crm, &headers)?;
    crm.tokens.issue(&user).map(Json)
}
