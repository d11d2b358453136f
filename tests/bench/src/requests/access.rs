//! Requests about tokens, and those that need none.

use super::case::{Ask, Case};
use crate::world::World;

/// What is asked about tokens and by anybody.
pub fn cases() -> Vec<Case> {
    vec![
        Case::new("issue-token", "", ("POST /oauth/token", 200), |world, _| {
            form(world, "/oauth/token", "grant_type=client_credentials")
        }),
        Case::new("revoke-token", "", ("POST /oauth/revoke", 200), |world, number| {
            form(world, "/oauth/revoke", &format!("token={}", world.spare_token(number)))
        }),
        Case::new("list-signing-keys", "", ("GET /.well-known/jwks.json", 200), |_, _| {
            Ask::anonymous("/.well-known/jwks.json")
        }),
        Case::new("check-health", "", ("GET /health", 200), |_, _| Ask::anonymous("/health")),
        Case::new("serve-docs", "the description", ("GET /openapi.json", 200), |_, _| Ask::anonymous("/openapi.json")),
        Case::new("refuse-route", "", ("$default", 404), |_, _| Ask::anonymous("/nothing")),
    ]
}

fn form(world: &World, path: &str, fields: &str) -> Ask {
    let (id, secret) = world.credentials();
    let body = format!("{fields}&client_id={id}&client_secret={secret}");
    Ask::anonymous(path).body("application/x-www-form-urlencoded", body)
}
