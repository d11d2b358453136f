//! What PostgreSQL's errors mean to us.

use tokio_postgres::error::{Error as PgError, SqlState};

use crate::error::Error;

/// Turns an error of PostgreSQL into ours: it is away (ask again), or we did something wrong.
#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
pub fn failed(error: PgError) -> Error {
    // The whole error would carry DETAIL, which quotes the row; the log gets what names the fault and no data.
    let cause = match error.as_db_error() {
        Some(db) => format!(
            "SQLSTATE {} {}{}",
            db.code().code(),
            db.message(),
            db.constraint().map(|name| format!(" ({name})")).unwrap_or_default()
        ),
        None => chain(&error),
    };
    if is_away(&error) { Error::unavailable("PostgreSQL", cause) } else { Error::internal("use PostgreSQL", cause) }
}

/// Whether two transactions waited for each other and ours was chosen to give way.
pub fn is_deadlock(error: &PgError) -> bool {
    error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

fn is_away(error: &PgError) -> bool {
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

fn chain(error: &PgError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
