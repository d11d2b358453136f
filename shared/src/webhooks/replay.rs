//! Working webhooks once more: they wait again for the relay, as if they had just come.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Filter, Webhook};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::reading::{Read, Reading, whole_number};
use crate::contact::{Between, Text, Time};
use crate::db::webhooks::{CHUNK, Chunk, Position, Replayed, Walk};
use crate::db::{self, give_way, is_deadlock};
use crate::error::{Error, Result};

/// After so many chunks the rest is left for another request, however few were replayed: each takes its time.
const MAX_CHUNKS: usize = 20;

/// Which webhooks are to be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Those that match this.
    pub filter: Filter,
    /// At most so many, the oldest.
    pub limit: i64,
}

/// What came of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Replays {
    /// How many wait again.
    pub replayed: i64,
    /// How many match and were left as they are: they wait already, or their bodies were erased.
    pub skipped: i64,
    /// Whether there may be more that match.
    pub more: bool,
}

impl Replays {
    /// What the replay takes from the client's quota beside the request's own 1: as much as its webhooks.
    pub fn cost(self) -> u32 {
        u32::try_from(self.replayed).unwrap_or(u32::MAX)
    }
}

impl Replay {
    /// How many webhooks are replayed at once if nothing is said of that, …
    pub const DEFAULT_LIMIT: i64 = 1_000;
    /// … and at most.
    pub const MAX_LIMIT: i64 = 10_000;
}

/// Replays one webhook, whatever became of it, and answers it as it is then. One that waits already is left as it is.
pub async fn replay(app: &App, caller: &Caller, id: Uuid) -> Result<Webhook> {
    let connection = app.database.get().await?;
    let replayed = match db::webhooks::replay(&connection, &caller.tenant, id).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            db::webhooks::replay(&connection, &caller.tenant, id).await
        }
        outcome => outcome,
    };
    match replayed? {
        None => Err(Error::WebhookNotFound(id.to_string())),
        Some(Replayed::Erased) => Err(Error::WebhookErased(id)),
        Some(Replayed::Waits(webhook)) => Ok(*webhook),
    }
}

/// Replays webhooks, the oldest first, chunk by chunk: each is done or not, and what was done stays if a later one fails.
pub async fn replay_all(app: &App, caller: &Caller, replay: &Replay) -> Result<Replays> {
    let connection = app.database.get().await?;
    let mut replays = Replays::default();
    let mut position = None;
    for _ in 0..MAX_CHUNKS {
        let chunk = replay_next(&connection, caller, replay, position, replay.limit - replays.replayed).await?;
        replays.replayed += chunk.replayed;
        replays.skipped += chunk.skipped;
        position = chunk.reach;
        replays.more = chunk.is_capped || position.is_some();
        if chunk.is_capped || !replays.more || replays.replayed >= replay.limit {
            break;
        }
    }
    tracing::info!(
        replayed = replays.replayed,
        skipped = replays.skipped,
        more = replays.more,
        "webhooks were replayed"
    );
    Ok(replays)
}

async fn replay_next(
    connection: &db::Connection,
    caller: &Caller,
    replay: &Replay,
    position: Option<Position>,
    left: i64,
) -> Result<Chunk> {
    let walk = Walk::oldest_first(&replay.filter, position, left.min(CHUNK));
    match db::webhooks::replay_next(connection, &caller.tenant, &walk).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            db::webhooks::replay_next(connection, &caller.tenant, &walk).await
        }
        outcome => outcome,
    }
}

impl Read for Replay {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let state = reading.optional(&mut members, "state");
        let kind = reading.optional::<Text<200>>(&mut members, "type");
        let connection = reading.optional::<Text<200>>(&mut members, "connection");
        let remote_id = reading.optional::<Text<200>>(&mut members, "remoteId");
        let received = received(&mut members, reading);
        let limit = reading.optional::<Limit>(&mut members, "limit");
        reading.finish(&members);
        let text = |text: Text<200>| text.as_str().to_owned();
        let filter = Filter {
            state: state?,
            kind: kind?.map(text),
            connection: connection?.map(text),
            remote_id: remote_id?.map(text),
            received: received?,
        };
        if filter == Filter::default() {
            return reading.fault("required", "must say which, by a member at least");
        }
        if filter.remote_id.is_some() && filter.connection.is_none() {
            return reading.at("connection", |here| here.fault("required", "must be given where remoteId is"));
        }
        Some(Self { filter, limit: limit?.map_or(Self::DEFAULT_LIMIT, |Limit(limit)| limit) })
    }
}

fn received(members: &mut Map<String, Value>, reading: &mut Reading) -> Option<Between> {
    let after = reading.optional::<Time>(members, "receivedAfter");
    let before = reading.optional::<Time>(members, "receivedBefore");
    Some(Between { after: after?.map(|Time(time)| time), before: before?.map(|Time(time)| time) })
}

struct Limit(i64);

impl Read for Limit {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match whole_number(value) {
            Some(limit) if (1..=Replay::MAX_LIMIT).contains(&limit) => Some(Self(limit)),
            _ => reading.fault("invalid", format!("must be a whole number from 1 to {}", Replay::MAX_LIMIT)),
        }
    }
}
