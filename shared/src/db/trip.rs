//! Waiting for PostgreSQL: the one place that does, so that every round trip is counted for the invocation that makes it.

use deadpool_postgres::{GenericClient as Uncounted, Transaction};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as PgError, Row, Statement};

use super::{Connection, failed};
use crate::error::Result;
use crate::telemetry::{Store, trip, trip_if_waiting};

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Whatever can run a statement: a connection, or a transaction.
pub trait GenericClient: Sync {
    /// The statement, which costs a round trip only where this connection has not prepared it before.
    fn prepare_cached<'a>(&'a self, sql: &'a str) -> impl Future<Output = Result<Statement, PgError>> + Send + 'a;

    /// All rows.
    fn query<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: Parameters<'a>,
    ) -> impl Future<Output = Result<Vec<Row>, PgError>> + Send + 'a;

    /// The one row that there is.
    fn query_one<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: Parameters<'a>,
    ) -> impl Future<Output = Result<Row, PgError>> + Send + 'a;

    /// The row, if there is one.
    fn query_opt<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: Parameters<'a>,
    ) -> impl Future<Output = Result<Option<Row>, PgError>> + Send + 'a;

    /// How many rows it touched.
    fn execute<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: Parameters<'a>,
    ) -> impl Future<Output = Result<u64, PgError>> + Send + 'a;
}

impl<C: Uncounted> GenericClient for C {
    async fn prepare_cached<'a>(&'a self, sql: &'a str) -> Result<Statement, PgError> {
        trip_if_waiting(Store::PostgreSql, Uncounted::prepare_cached(self, sql)).await
    }

    async fn query<'a>(&'a self, statement: &'a Statement, parameters: Parameters<'a>) -> Result<Vec<Row>, PgError> {
        trip(Store::PostgreSql, Uncounted::query(self, statement, parameters)).await
    }

    async fn query_one<'a>(&'a self, statement: &'a Statement, parameters: Parameters<'a>) -> Result<Row, PgError> {
        trip(Store::PostgreSql, Uncounted::query_one(self, statement, parameters)).await
    }

    async fn query_opt<'a>(
        &'a self,
        statement: &'a Statement,
        parameters: Parameters<'a>,
    ) -> Result<Option<Row>, PgError> {
        trip(Store::PostgreSql, Uncounted::query_opt(self, statement, parameters)).await
    }

    async fn execute<'a>(&'a self, statement: &'a Statement, parameters: Parameters<'a>) -> Result<u64, PgError> {
        trip(Store::PostgreSql, Uncounted::execute(self, statement, parameters)).await
    }
}

/// The rows of a statement that is not worth preparing.
pub(super) async fn query_typed(
    db: &Connection,
    sql: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Row>, PgError> {
    trip(Store::PostgreSql, db.query_typed(sql, parameters)).await
}

/// Whether the server answers at all.
pub async fn answers(db: &Connection) -> bool {
    trip(Store::PostgreSql, db.simple_query("")).await.is_ok()
}

/// Begins a transaction. Dropped, it is undone.
pub async fn begin(db: &mut Connection) -> Result<Transaction<'_>> {
    trip(Store::PostgreSql, db.transaction()).await.map_err(failed)
}

/// Begins a part of a transaction that can be undone alone.
pub async fn savepoint<'a>(transaction: &'a mut Transaction<'_>) -> Result<Transaction<'a>> {
    trip(Store::PostgreSql, transaction.transaction()).await.map_err(failed)
}

/// Makes what was done in it so.
pub async fn commit(transaction: Transaction<'_>) -> Result<()> {
    trip(Store::PostgreSql, transaction.commit()).await.map_err(failed)
}

/// Undoes it.
pub async fn roll_back(transaction: Transaction<'_>) -> Result<()> {
    trip(Store::PostgreSql, transaction.rollback()).await.map_err(failed)
}
