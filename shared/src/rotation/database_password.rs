//! The password of the role that the functions work as. PostgreSQL keeps one for a role, so for a moment the server wants
//! the new one while the secret still says the old one; whoever is refused in that moment tries the new one too.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Request, Rotation, Step};
use crate::app::App;
use crate::auth::ClientSecret;
use crate::config::{Stage, secrets};
use crate::db::{self, Database, Login};
use crate::error::{Error, Result};

/// Does one step.
pub async fn rotate(app: &App, request: &Request) -> Result<()> {
    let rotation = Rotation::of(app, request).await;
    match request.step {
        _ if rotation.is_over().await? => Ok(()),
        Step::Create => rotation.create(async || renewed(&rotation).await).await,
        Step::Set => set(app, &rotation.pending().await?).await,
        Step::Test => test(app, rotation.pending().await?).await,
        Step::Finish => {
            rotation.pending::<Login>().await?;
            rotation.finish().await
        }
    }
}

/// What is in use, with another password. Whatever else the secret holds stays.
async fn renewed(rotation: &Rotation) -> Result<Map<String, Value>> {
    let current = rotation.versions.labelled(Stage::Current).await?;
    let current =
        current.ok_or_else(|| Error::internal("rotate a password", "the secret has no value to begin with"))?;
    let mut login: Map<String, Value> = secrets::parse(&current.text)?;
    login.insert("password".to_owned(), ClientSecret::generate().reveal().into());
    Ok(login)
}

/// Only one session at a time may alter a role, and migrations do too.
async fn set(app: &App, login: &Login) -> Result<()> {
    let owner = Database::as_owner(&app.config.database, Arc::clone(&app.secrets)).get().await?;
    db::migrations::lock(&owner).await?;
    let outcome = db::roles::set_password(&owner, &login.username, &login.password).await;
    db::migrations::unlock(&owner).await?;
    outcome
}

async fn test(app: &App, login: Login) -> Result<()> {
    Database::try_login(&app.config.database, login).await.map(drop)
}
