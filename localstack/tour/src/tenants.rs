//! Tenants: what one has is not there for another.

use crate::{fault::Shown, tokens, tour::Tour};

pub async fn look_across(tour: &mut Tour) -> Shown {
    let path = tour.contact_path()?;
    let token = tokens::token_of(tour, &tour.settings.other_client).await?;
    let answer = tour.ask(tour.api.get(&path).with_token(&token)).await?;
    answer.is_problem(404)?;
    Ok("for another tenant there is no such contact".into())
}
