//! Lists of a million contacts: pages near and far, every filter, and what PostgreSQL does for each.

mod pages;
mod queries;
mod walk;

use support::crowd::Crowd;

use crate::options::Options;
use crate::progress;
use crate::report::Part;
use crate::world::World;
use walk::Walker;

/// Pages that are asked for, one after the other, for a median.
const PAGES: usize = 60;

/// Runs the part.
pub async fn run(options: &Options) -> Part {
    let world = World::make().await;
    let api = world.api();
    let (contacts, others) = (options.scaled(1_000_000), options.scaled(200_000));
    fill(&world, &Crowd { tenant: &api.client.tenant, contacts, others, tenants: 49 }).await;
    // As the functions' role has it.
    world.test.execute("set jit = off").await;
    let function = world.launch("list-contacts").start().await;
    let guide = Walker::new(&world.test.sql, &api, &function);
    let (pages, mut budgets) = pages::measure(&guide, options).await;
    let (queries, plans, more) = queries::measure(&guide).await;
    budgets.extend(more);
    Part {
        name: "lists",
        title: "Lists",
        method: format!(
            "A tenant with {contacts} contacts, a twenty-fifth of them deleted, among 50 tenants with {others} more. One \
             instance of list-contacts, warm; each figure is of {PAGES} invocations that walk on from page to page, 50 \
             contacts each. Beside it the same statement alone, on a bare connection. Buffers are pages of 8 KiB that \
             PostgreSQL looked at, on average of ten pages of the list."
        ),
        tables: vec![pages, queries, plans],
        budgets,
    }
}

async fn fill(world: &World, crowd: &Crowd<'_>) {
    let statements = crowd.statements(&world.test).await;
    let bar = progress::bar("contacts", statements.len());
    for statement in statements {
        world.test.execute(&statement).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
}
