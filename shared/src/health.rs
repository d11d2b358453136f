//! Whether an instance reaches its stores.

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

/// Asks both stores at once.
pub async fn check(app: &App) -> Health {
    let (database, redis) = join!(reaches_database(app), reaches_redis(app));
    Health { database, redis }
}

async fn reaches_database(app: &App) -> Reach {
    let Ok(connection) = app.database.get().await else {
        return Reach::Down;
    };
    reach(db::answers(&connection).await)
}

async fn reaches_redis(app: &App) -> Reach {
    let pinged: Result<(String,), _> = app
        .redis
        .ask(|_| {
            let mut pipeline = Pipeline::new();
            pipeline.cmd("PING");
            pipeline
        })
        .await;
    reach(pinged.is_ok())
}

fn reach(answers: bool) -> Reach {
    if answers { Reach::Up } else { Reach::Down }
}
