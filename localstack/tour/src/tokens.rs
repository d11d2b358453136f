//! Access tokens: OAuth 2.0 client credentials (RFC 6749, section 4.4).

use crate::{
    fault::{Fault, Shown},
    settings::Credentials,
    tour::Tour,
};

pub async fn get(tour: &mut Tour) -> Shown {
    let token = token_of(tour, &tour.settings.client).await?;
    tour.keep_token(&token);
    Ok("a token for the requests that follow".into())
}

/// A token for the client, by its id and secret.
pub async fn token_of(tour: &Tour, client: &Credentials) -> Result<String, Fault> {
    let request = tour.api.post("/oauth/token").with_credentials(client);
    let answer = tour.ask(request.with_form(&[("grant_type", "client_credentials")])).await?;
    answer.has_status(200)?;
    answer.has("/token_type", "Bearer")?;
    answer.has_header("cache-control", "no-store")?;
    Ok(answer.text("/access_token")?.to_owned())
}
