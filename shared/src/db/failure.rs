//! What PostgreSQL's errors mean to us.

use std::time::Duration;

use tokio_postgres::error::{DbError, Error as PgError, SqlState};

use crate::error::{Cause, Error};

/// Turns an error of PostgreSQL into ours: it is away (ask again), or we did something wrong.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub fn failed(error: PgError) -> Error {
    let cause: Cause = match error.as_db_error() {
        Some(db) => Box::new(Refused::by(db)),
        None => chain(&error).into(),
    };
    if is_away(&error) { Error::unavailable("PostgreSQL", cause) } else { Error::internal("use PostgreSQL", cause) }
}

/// Whether two transactions waited for each other and ours was chosen to give way.
pub fn is_deadlock(error: &Error) -> bool {
    is(error, &SqlState::T_R_DEADLOCK_DETECTED)
}

/// Lets the other transaction of a deadlock go first: whoever tries again at once takes the same locks again before the
/// other has woken up, and both are where they were.
pub async fn give_way() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Whether what was to be written is at fault, in its values (SQLSTATE 22) or against a constraint (23): tried again, it would
/// be again. It is told by its code and the constraint's name, for a message may quote a value.
pub fn data_fault(error: &Error) -> Option<String> {
    let (Error::Unavailable { source, .. } | Error::Internal { source, .. }) = error else { return None };
    let Refused { code, constraint, .. } = source.downcast_ref::<Refused>()?;
    let constraint = constraint.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
    matches!(code.code().get(..2), Some("22" | "23"))
        .then(|| format!("PostgreSQL can't keep it: SQLSTATE {}{constraint}", code.code()))
}

/// Whether the server doesn't take the password that was shown.
pub fn is_login_refused(error: &Error) -> bool {
    is(error, &SqlState::INVALID_PASSWORD) || is(error, &SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// Whether somebody kept a lock for longer than we wait.
pub fn is_lock_timeout(error: &Error) -> bool {
    is(error, &SqlState::LOCK_NOT_AVAILABLE)
}

/// What the server said, without DETAIL, which quotes the row: the log gets what names the fault and no data. The
/// message of a data exception (class 22) quotes the value, so it is left out too.
#[derive(Debug, thiserror::Error)]
#[error(
    "SQLSTATE {}{message}{}",
    code.code(),
    constraint.as_deref().map(|name| format!(" ({name})")).unwrap_or_default()
)]
struct Refused {
    code: SqlState,
    message: String,
    constraint: Option<String>,
}

impl Refused {
    fn by(error: &DbError) -> Self {
        let constraint = error.constraint().map(str::to_owned);
        let quotes_a_value = error.code().code().starts_with("22");
        let message = if quotes_a_value { String::new() } else { format!(" {}", error.message()) };
        Self { code: error.code().clone(), message, constraint }
    }
}

fn is(error: &Error, code: &SqlState) -> bool {
    let (Error::Unavailable { source, .. } | Error::Internal { source, .. }) = error else { return false };
    source.downcast_ref::<Refused>().is_some_and(|refused| refused.code == *code)
}

pub(super) fn is_away(error: &PgError) -> bool {
    let Some(code) = error.code() else {
        // No answer from the server at all: refused, cut, timed out. A value that doesn't fit its column is ours.
        return error.is_closed()
            || std::error::Error::source(error).is_none_or(<dyn std::error::Error>::is::<std::io::Error>);
    };
    // 08 connection, 28 a password that is being rotated, 53 resources, 57 shut down or statement time-out; and: lock
    // time-out, deadlock lost twice, a primary that has become a standby.
    matches!(&code.code()[..2], "08" | "28" | "53" | "57")
        || matches!(code.code(), "55P03" | "40P01" | "40001" | "25006")
}

pub(super) fn chain(error: &PgError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
