//! Playing a tape: a bare client with one connection to each store.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use futures::future::try_join_all;
use redis::aio::MultiplexedConnection;
use support::database::TestDatabase;
use support::services;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};
use url::Url;

use super::postgresql::Value;
use super::{Query, Trip};

/// The client.
pub struct Player {
    redis: MultiplexedConnection,
    sql: Client,
    prepared: HashMap<String, Statement>,
}

impl Player {
    /// Connects one to the Redis of the tests and to this database, in the role that the functions have.
    ///
    /// # Panics
    ///
    /// When one of them isn't there.
    pub async fn connect(database: &TestDatabase) -> Self {
        let client = redis::Client::open(services::redis_url()).expect("REDIS_URL is a URL");
        let redis = client.get_multiplexed_async_connection().await.expect("Redis answers");
        let credentials = database.credentials();
        let mut url = Url::parse(&database.url()).expect("a database has a URL");
        url.set_username(&credentials.username).expect("a database's URL has a host");
        url.set_password(Some(&credentials.password)).expect("a database's URL has a host");
        let (sql, connection) = tokio_postgres::connect(url.as_str(), NoTls).await.expect("PostgreSQL answers");
        tokio::spawn(connection);
        Self { redis, sql, prepared: HashMap::new() }
    }

    /// How long each of these took to be asked, everything being prepared that a warm instance keeps so.
    pub async fn times(&mut self, tapes: &[Vec<Trip>]) -> Vec<Duration> {
        for query in tapes.iter().flatten().flat_map(|trip| &trip.sql) {
            self.prepare(query).await;
        }
        let mut times = Vec::with_capacity(tapes.len());
        for tape in tapes {
            let begun = Instant::now();
            self.play(tape).await;
            times.push(begun.elapsed());
        }
        times
    }

    async fn prepare(&mut self, query: &Query) {
        if let Query::Prepared(sql, _) = query
            && !self.prepared.contains_key(sql)
        {
            let statement = self.sql.prepare(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            self.prepared.insert(sql.clone(), statement);
        }
    }

    async fn play(&self, tape: &[Trip]) {
        for trip in tape {
            let asked = tokio::try_join!(self.ask_redis(trip), self.ask_postgresql(trip));
            asked.unwrap_or_else(|error| panic!("the tape can't be played: {error}"));
        }
    }

    async fn ask_redis(&self, trip: &Trip) -> Result<(), Box<dyn Error>> {
        if trip.redis.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for command in &trip.redis {
            let (name, words) = command.split_first().expect("a command has a name");
            let mut command = redis::Cmd::new();
            command.arg(&name[..]);
            for word in words {
                command.arg(&word[..]);
            }
            pipeline.add_command(command);
        }
        let _: redis::Value = pipeline.query_async(&mut self.redis.clone()).await?;
        Ok(())
    }

    async fn ask_postgresql(&self, trip: &Trip) -> Result<(), Box<dyn Error>> {
        try_join_all(trip.sql.iter().map(|query| self.query(query))).await?;
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<(), tokio_postgres::Error> {
        match query {
            Query::Simple(sql) => self.sql.batch_execute(sql).await,
            Query::Prepared(sql, values) => {
                let values: Vec<_> = values.iter().map(Raw).collect();
                let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
                self.sql.query(&self.prepared[sql], &values).await.map(drop)
            }
            Query::Once(sql, types, values) => {
                let values: Vec<_> = values.iter().map(Raw).collect();
                let types = types.iter().map(|&oid| Type::from_oid(oid).expect("a type of PostgreSQL's own"));
                let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).zip(types).collect();
                self.sql.query_typed(sql, &values).await.map(drop)
            }
        }
    }
}

/// A value as it was on the wire.
#[derive(Debug)]
struct Raw<'a>(&'a Value);

impl ToSql for Raw<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Ok(match self.0 {
            Some(bytes) => {
                out.put_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
