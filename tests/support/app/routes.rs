//! Which function answers which route: what the gateway does from the template.

use crosswalk::entry::answer;
use crosswalk::{App, Request, Response};
use lambda_http::http::Method;

/// The route's pattern, for the gateway's event.
pub(super) fn route(method: &Method, path: &str) -> String {
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    let pattern = match segments.as_slice() {
        ["contacts", "batch"] if method == Method::POST => "/contacts/batch",
        ["contacts", id] if !id.is_empty() => "/contacts/{id}",
        ["contacts", id, "restore"] if !id.is_empty() => "/contacts/{id}/restore",
        ["contacts", id, "history"] if !id.is_empty() => "/contacts/{id}/history",
        ["webhook-events", "replay"] if method == Method::POST => "/webhook-events/replay",
        ["webhook-events", id] if !id.is_empty() => "/webhook-events/{id}",
        ["webhook-events", id, "replay"] if !id.is_empty() => "/webhook-events/{id}/replay",
        ["sync-failures", id, "replay"] if !id.is_empty() => "/sync-failures/{id}/replay",
        ["connections", connection, "contacts", remote_id] if !connection.is_empty() && !remote_id.is_empty() => {
            "/connections/{connection}/contacts/{remoteId}"
        }
        ["docs", asset] if !asset.is_empty() => "/docs/{asset}",
        ["webhooks", connection] if !connection.is_empty() => "/webhooks/{connection}",
        _ => path,
    };
    format!("{method} {pattern}")
}

/// Lets the route's function answer.
pub(super) async fn call(app: &App, route: &str, request: Request) -> Response {
    match route {
        "POST /oauth/token" => answer(app, &issue_token::handle, request).await,
        "POST /oauth/revoke" => answer(app, &revoke_token::handle, request).await,
        "GET /.well-known/jwks.json" => answer(app, &list_signing_keys::handle, request).await,
        "POST /contacts" => answer(app, &create_contact::handle, request).await,
        "GET /contacts" => answer(app, &list_contacts::handle, request).await,
        "POST /contacts/batch" => answer(app, &upsert_contacts::handle, request).await,
        "GET /contacts/{id}" => answer(app, &get_contact::handle, request).await,
        "PUT /contacts/{id}" => answer(app, &replace_contact::handle, request).await,
        "DELETE /contacts/{id}" => answer(app, &delete_contact::handle, request).await,
        "POST /contacts/{id}/restore" => answer(app, &restore_contact::handle, request).await,
        "GET /contacts/{id}/history" => answer(app, &list_contact_history::handle, request).await,
        "PATCH /contacts/{id}" => answer(app, &update_contact::handle, request).await,
        "GET /connections/{connection}/contacts/{remoteId}" => answer(app, &get_remote_contact::handle, request).await,
        "PUT /connections/{connection}/contacts/{remoteId}" => answer(app, &put_remote_contact::handle, request).await,
        "POST /webhooks/{connection}" => answer(app, &receive_webhook::handle, request).await,
        "GET /webhook-events" => answer(app, &list_webhook_events::handle, request).await,
        "GET /webhook-events/{id}" => answer(app, &get_webhook_event::handle, request).await,
        "POST /webhook-events/{id}/replay" | "POST /webhook-events/replay" => {
            answer(app, &replay_webhook_events::handle, request).await
        }
        "GET /sync-failures" => answer(app, &list_sync_failures::handle, request).await,
        "POST /sync-failures/{id}/replay" => answer(app, &replay_sync_failure::handle, request).await,
        "GET /sync-conflicts" => answer(app, &list_sync_conflicts::handle, request).await,
        "GET /health" => answer(app, &check_health::handle, request).await,
        "GET /openapi.json" | "GET /docs" | "GET /docs/{asset}" => answer(app, &serve_docs::handle, request).await,
        _ => answer(app, &refuse_route::handle, request).await,
    }
}
