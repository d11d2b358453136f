//! `POST /webhook-events/{id}/replay` and `POST /webhook-events/replay`

use crosswalk::webhooks::Replay;
use crosswalk::{App, Request, Response, Result, Scope, http, webhooks};

/// Has the webhook of the path, or those that the body describes, worked once more. Answers the webhook as it waits now, or
/// how many do.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::WebhooksWrite).await?;
    if let Some(id) = http::named_webhook(&request)? {
        http::no_body(app, &request)?;
        return Ok(http::accepted(&webhooks::replay(app, &caller, id).await?));
    }
    let replay: Replay = http::body(app, &request)?;
    let replays = webhooks::replay_all(app, &caller, &replay).await?;
    // How many webhooks match is not known before.
    app.charge_afterwards(&request, replays.cost()).await;
    Ok(http::accepted(&replays))
}
