//! The template: made once for each state of the migrations, whichever test process comes first.

use std::fs;
use std::path::{Path, PathBuf};

use crosswalk::db::{migrations, roles};
use tokio_postgres::{Client, NoTls};

use super::server::{BUILDING, TEMPLATE_PREFIX, TEMPLATES, drop_database, execute, lock};
use super::{credentials_of, url_of};

/// Makes sure that the template is there, keeps it from being dropped while this process lives, and gives its name.
pub(super) async fn ensure(client: &Client) -> String {
    let sources = sources();
    let key = fingerprint(client, &sources).await;
    let name = format!("{TEMPLATE_PREFIX}{key:08x}");
    lock(client, "pg_advisory_lock_shared", TEMPLATES, key).await;
    // One lock for all templates: building one sets up the role, which they share.
    lock(client, "pg_advisory_lock", BUILDING, 0).await;
    // Being marked as a template is the last step, so one without the mark was never finished.
    let finished = client.query_opt("select from pg_database where datname = $1 and datistemplate", &[&name]).await;
    if finished.unwrap_or_else(|error| panic!("{name} can't be looked up: {error:?}")).is_none() {
        drop_database(client, &name).await;
        execute(client, &format!("create database {name} template template0")).await;
        migrate(&name, sources.len()).await;
        execute(client, &format!("alter database {name} is_template true allow_connections false")).await;
    }
    lock(client, "pg_advisory_unlock", BUILDING, 0).await;
    name
}

async fn migrate(name: &str, expected: usize) {
    let (mut client, connection) = tokio_postgres::connect(&url_of(name), NoTls)
        .await
        .unwrap_or_else(|error| panic!("no connection to {name}: {error}"));
    let connection = tokio::spawn(connection);
    let applied = migrations::run(&mut client).await.unwrap_or_else(|error| panic!("the migrations failed: {error:?}"));
    assert_eq!(
        applied.len(),
        expected,
        "the executable has other migrations in it than the folder: run `touch shared/src/db/migrations.rs`, and again"
    );
    roles::ensure(&client, &credentials_of(name)).await.unwrap_or_else(|error| panic!("the role failed: {error:?}"));
    // The template takes no clone while somebody is connected.
    drop(client);
    let _ = connection.await;
}

/// The migrations, in no particular order of versions.
fn sources() -> Vec<PathBuf> {
    let folder = repository().join("migrations");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut sources: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|it| it.extension().is_some_and(|it| it == "sql"))
        .collect();
    sources.sort();
    sources
}

/// A number for the text of the migrations, and of the grants, which a clone carries too.
async fn fingerprint(client: &Client, migrations: &[PathBuf]) -> i32 {
    let grants = repository().join("shared/src/db/roles.rs");
    let mut text = String::new();
    for path in migrations.iter().chain([&grants]) {
        text.extend(path.file_name().map(|name| name.to_string_lossy()));
        text.push_str(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    }
    let row = client.query_one("select ('x' || left(md5($1), 8))::bit(32)::int", &[&text]).await;
    row.unwrap_or_else(|error| panic!("the migrations have no fingerprint: {error:?}")).get(0)
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
