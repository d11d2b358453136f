//! The CRM over HTTP: its own routes, and those by which the simulator is steered.

mod auth;
mod contacts;
mod guard;
mod read;
mod simulator;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::crm::Crm;
use crate::problem::Problem;

const LARGEST_BODY: usize = 1024 * 1024;

/// All routes.
pub(crate) fn router(crm: Arc<Crm>) -> Router {
    let one = get(contacts::get).put(contacts::replace).patch(contacts::merge).delete(contacts::delete);
    let contacts = Router::new()
        .route("/contacts", get(contacts::list).post(contacts::create))
        .route("/contacts/{id}", one)
        .layer(from_fn_with_state(Arc::clone(&crm), guard::contacts));
    let auth = Router::new().route("/auth/login", post(auth::login)).route("/auth/refresh", post(auth::refresh));
    let simulator = Router::new()
        .route("/health", get(simulator::health))
        .route("/simulator", axum::routing::delete(simulator::clear))
        .route("/simulator/contacts/count", get(simulator::count))
        .route("/simulator/deliveries", get(simulator::deliveries))
        .route("/simulator/faults", get(simulator::faults).put(simulator::set_faults))
        .route("/simulator/requests", get(simulator::requests))
        .route("/simulator/webhooks", post(simulator::send));
    contacts
        .merge(auth)
        .layer(from_fn_with_state(Arc::clone(&crm), guard::api))
        .merge(simulator)
        .fallback(async || Problem::NoSuchRoute)
        .method_not_allowed_fallback(async || Problem::WrongMethod)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(crm)
}
