//! A database for a test, cloned from a template that has the migrations in it.
//!
//! Cloned by copying files: on PostgreSQL 15 and a quiet machine with two cores, making and dropping a clone so takes
//! 26 ms, and 38 ms with the other strategy (`WAL_LOG`), which is no faster to make and fills the buffers that a drop
//! must search.

mod leftovers;
mod server;
mod template;

use crosswalk::db::Credentials;
use tokio_postgres::{Client, NoTls};
use url::Url;

use crate::background;
use crate::services;
use server::Server;

/// The role the functions work as in a test. It has the rights and time-outs of the real one, and another name: roles
/// belong to the whole server, where the functions of `make up` may be at work.
const ROLE: &str = "crosswalk_test";

/// A database of its own, dropped when this is, also by a panic. What is left of a killed run goes at the start of the
/// next.
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// Clones the template, which the first call of a process makes sure of.
    ///
    /// # Panics
    ///
    /// When PostgreSQL isn't there or refuses.
    pub async fn create() -> Self {
        Self { name: Server::get().await.clone_template().await }
    }

    /// Another database with the same in it. Whoever is connected to this one is connected no more.
    pub async fn copy(&self) -> Self {
        Self { name: Server::get().await.clone_database(&self.name).await }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, as the superuser.
    pub fn url(&self) -> String {
        url_of(&self.name)
    }

    /// The credentials that the functions' secret holds.
    pub fn credentials(&self) -> Credentials {
        credentials_of(&self.name)
    }

    /// A connection as the superuser, outside any pool.
    ///
    /// # Panics
    ///
    /// When there is none to be had.
    pub async fn connect(&self) -> Client {
        let url = self.url();
        let (client, connection) = tokio_postgres::connect(&url, NoTls)
            .await
            .unwrap_or_else(|error| panic!("no connection to {url}: {error}"));
        // Its error is the one that the client's next statement gets.
        tokio::spawn(connection);
        client
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        background::block_on(async move { Server::get().await.drop_database(&name).await });
    }
}

fn url_of(database: &str) -> String {
    let url = services::database_url();
    let mut url = Url::parse(&url).unwrap_or_else(|error| panic!("DATABASE_URL ({url}) is not a URL: {error}"));
    url.set_path(database);
    url.into()
}

fn credentials_of(database: &str) -> Credentials {
    let url = Url::parse(&url_of(database)).expect("it was one just now");
    Credentials {
        host: url.host_str().expect("DATABASE_URL names a host").to_owned(),
        port: url.port().unwrap_or(5432),
        dbname: database.to_owned(),
        username: ROLE.to_owned(),
        password: ROLE.to_owned(),
    }
}
