//! Whether an instance reaches its stores.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures::join;
use redis::Pipeline;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::db;

/// What an instance reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// PostgreSQL, without which nothing works.
    #[schema(inline)]
    pub database: Reach,
    /// Redis, without which everything works more slowly.
    #[schema(inline)]
    pub redis: Reach,
}

/// Whether a store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Reach {
    Up,
    Down,
}

impl Health {
    /// Without PostgreSQL nothing works; without Redis everything does, more slowly.
    pub fn is_serving(self) -> bool {
        self.database == Reach::Up
    }
}

/// An instance remembers for so long what it found: the route needs no token, and must not be a way to load the stores.
const REMEMBERED: Duration = Duration::from_secs(1);

/// Asks both stores at once, unless that was done within the last second.
pub async fn check(app: &App) -> Health {
    let remembered = *app.reached_stores.lock().unwrap_or_else(PoisonError::into_inner);
    let (database, redis) = match remembered {
        Some((at, reached)) if at.elapsed() < REMEMBERED => reached,
        _ => {
            let reached = join!(reaches_database(app), reaches_redis(app));
            *app.reached_stores.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), reached));
            reached
        }
    };
    Health { database: reach(database), redis: reach(redis) }
}

async fn reaches_database(app: &App) -> bool {
    let Ok(connection) = app.database.get().await else {
        return false;
    };
    db::answers(&connection).await
}

async fn reaches_redis(app: &App) -> bool {
    let pinged: Result<(String,), _> = app
        .redis
        .ask(|_| {
            let mut pipeline = Pipeline::new();
            pipeline.cmd("PING");
            pipeline
        })
        .await;
    pinged.is_ok()
}

fn reach(answers: bool) -> Reach {
    if answers { Reach::Up } else { Reach::Down }
}
