//! Raising a source's floors while there is work, so that claims don't grow with what was published.

use std::time::Duration;

use crosswalk::clock::Moment;
use crosswalk::db::{floor, outbox::Source};
use crosswalk::{App, Result};

use crate::database::{PATIENCE, ask};

/// How often the floor is looked at, at least. Under a long backlog it follows the work by about as much.
const LOOK: Duration = Duration::from_secs(1);

/// The floors of a source.
#[derive(Debug)]
pub struct Floor {
    source: &'static Source,
    age: Duration,
    looked: Option<Moment>,
}

impl Floor {
    /// The floors of a source, whose candidates must reach this age.
    pub fn new(source: &'static Source, age: Duration) -> Self {
        Self { source, age, looked: None }
    }

    /// Raises them, and notes the next candidate, when it is time to.
    pub async fn tend(&mut self, app: &App) -> Result<()> {
        let every = LOOK.min(self.age / 10);
        if self.looked.is_some_and(|moment| moment.elapsed() < every) {
            return Ok(());
        }
        ask(&app.database, PATIENCE, async |db| {
            for source in self.source.floors {
                floor::raise(db, source, self.age).await?;
                // Two statements, one after the other: the candidate's transaction id must be younger than the look.
                let candidate = floor::last_drawn(db, source).await?;
                floor::note(db, source, candidate).await?;
            }
            Ok(())
        })
        .await?;
        self.looked = Some(Moment::now());
        Ok(())
    }
}
