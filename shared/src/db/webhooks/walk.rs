//! A walk through a tenant's webhooks in the order of their time: the statement that every page and every chunk of a
//! replay begins with, put together from fixed pieces.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::{Filter, State};

/// How many webhooks of each state are looked through for those of a type, a page or a chunk.
const LOOK_THROUGH: i64 = 2_000;

/// A place in the order: the webhook's time, and its number among those of that time.
pub type Position = (Timestamp, i64);

/// Which webhooks, and from where.
#[derive(Debug)]
pub struct Walk<'a> {
    filter: &'a Filter,
    direction: Direction,
    states: Vec<&'static str>,
    time: Option<Timestamp>,
    id: Option<i64>,
    look: i64,
    rows: i64,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    NewestFirst,
    OldestFirst,
}

impl<'a> Walk<'a> {
    /// The newest that are older than a position, at most so many.
    pub fn newest_first(filter: &'a Filter, position: Option<Position>, rows: i64) -> Self {
        Self::new(filter, Direction::NewestFirst, position, rows)
    }

    /// The oldest that are newer than a position, at most so many.
    pub fn oldest_first(filter: &'a Filter, position: Option<Position>, rows: i64) -> Self {
        Self::new(filter, Direction::OldestFirst, position, rows)
    }

    fn new(filter: &'a Filter, direction: Direction, position: Option<Position>, rows: i64) -> Self {
        let states = filter.state.map_or_else(|| State::ALL.to_vec(), |state| vec![state]);
        let (time, id) = position.unzip();
        Self {
            filter,
            direction,
            states: states.into_iter().map(State::as_str).collect(),
            time,
            id,
            look: if filter.kind.is_some() { LOOK_THROUGH.max(rows) } else { rows },
            rows,
        }
    }

    /// A statement that goes on from the steps `seen`, `reach` and `found` of the walk, the last of which has the ids.
    pub fn statement(&self, goes_on: &str) -> String {
        let (direction, opposite, further, behind) = match self.direction {
            Direction::NewestFirst => (
                "desc",
                "asc",
                "<",
                "(received_at, id) < (coalesce($8::timestamptz, 'infinity'), coalesce($9::bigint, 0))",
            ),
            Direction::OldestFirst => (
                "asc",
                "desc",
                ">",
                "(received_at, id) > (coalesce($8::timestamptz, '-infinity'), coalesce($9::bigint, 0))",
            ),
        };
        // Those of one record are found by its id, and then put in order.
        let (record, source, which) = match (&self.filter.connection, &self.filter.remote_id) {
            (Some(_), Some(_)) => (
                "with record as materialized (\
                     select tenant_id, state, id, received_at, type from webhook_events \
                     where tenant_id = $1 and connection_id = $4 and remote_id = $5\
                 ),",
                "record",
                "true",
            ),
            (Some(_), None) => ("with", "webhook_events", "connection_id = $4 and $5::text is null"),
            _ => ("with", "webhook_events", "$4::text is null and $5::text is null"),
        };
        let walk = include_str!("../sql/walk_webhook_events.sql")
            .replace("{record}", record)
            .replace("{source}", source)
            .replace("{which}", which)
            .replace("{behind}", behind)
            .replace("{direction}", direction)
            .replace("{opposite}", opposite)
            .replace("{further}", further);
        walk + goes_on
    }

    /// The values of its parameters.
    pub fn values<'v>(&'v self, tenant: &'v (impl ToSql + Sync)) -> [&'v (dyn ToSql + Sync); 11] {
        let Filter { kind, connection, remote_id, received, .. } = self.filter;
        [
            tenant,
            &self.states,
            kind,
            connection,
            remote_id,
            &received.after,
            &received.before,
            &self.time,
            &self.id,
            &self.look,
            &self.rows,
        ]
    }
}
