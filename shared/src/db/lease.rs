//! The relay's lease: one works at a time, and one that is frozen or dead loses it by doing nothing.

use std::time::Duration;

use uuid::Uuid;

use super::{GenericClient, failed};
use crate::error::Result;

/// Takes the lease if it is free, has run out, or is this holder's already. `false`: another has it.
pub async fn take(db: &impl GenericClient, holder: Uuid, length: Duration) -> Result<bool> {
    const SQL: &str = "update relay_leases \
                       set holder = $1, until = clock_timestamp() + make_interval(secs => $2) \
                       where name = 'outbox' and (until <= clock_timestamp() or holder = $1)";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    Ok(db.execute(&statement, &[&holder, &length.as_secs_f64()]).await.map_err(failed)? == 1)
}

/// Makes the lease last for another `length` from now. `false`: it has run out, or another has it.
pub async fn renew(db: &impl GenericClient, holder: Uuid, length: Duration) -> Result<bool> {
    const SQL: &str = "update relay_leases set until = clock_timestamp() + make_interval(secs => $2) \
                       where name = 'outbox' and holder = $1 and until > clock_timestamp()";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    Ok(db.execute(&statement, &[&holder, &length.as_secs_f64()]).await.map_err(failed)? == 1)
}

/// Frees the lease for whoever waits, unless another has it.
pub async fn give_back(db: &impl GenericClient, holder: Uuid) -> Result<()> {
    const SQL: &str = "update relay_leases set holder = null, until = '-infinity' \
                       where name = 'outbox' and holder = $1";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.execute(&statement, &[&holder]).await.map_err(failed)?;
    Ok(())
}
