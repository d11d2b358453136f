//! The database is brought to what the release needs, once, whoever asks and how often.

use crosswalk::App;
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use support::app::TestApp;
use support::remote::Remote;
use support::role::Role;
use support::services;
use tokio_postgres::error::SqlState;
use url::Url;

/// An application whose database is empty and whose role does not exist.
async fn before_the_first_deployment(role: &Role) -> TestApp {
    let test = TestApp::start().await;
    test.sql.batch_execute("drop schema public cascade; create schema public").await.unwrap();
    let url = Url::parse(&services::database_url()).unwrap();
    let secret = |user: &str, password: &str| {
        json!({
            "host": url.host_str(),
            "port": url.port(),
            "dbname": test.database.name(),
            "username": user,
            "password": password,
        })
    };
    test.secrets.put("database", &secret(role.name(), "of its own")).await;
    test.secrets.put("database-admin", &secret(url.username(), url.password().unwrap_or_default())).await;
    test
}

async fn migrate(app: &App) -> Vec<Value> {
    let answer = migrate_database::handle(app, LambdaEvent::new(json!({}), Context::default())).await;
    answer.unwrap_or_else(|error| panic!("{}", error.chain()))["applied"].as_array().unwrap().clone()
}

#[tokio::test]
async fn of_two_runs_at_once_one_does_all_and_the_other_nothing() {
    let role = Role::new();
    let test = before_the_first_deployment(&role).await;
    let admin = ("CROSSWALK_DATABASE_ADMIN_SECRET", test.secrets.name("database-admin"));
    let instance = || test.another_instance_with(&[(admin.0, admin.1.as_str())]);
    let (one, two) = (instance(), instance());

    let (first, second) = tokio::join!(migrate(&one), migrate(&two));
    let applied = first.len() + second.len();
    assert!(applied > 0 && (first.is_empty() || second.is_empty()), "{first:?} {second:?}");
    assert_eq!(migrate(&one).await, Vec::<Value>::new(), "a third finds nothing to do");

    // The role can do its work, within the time it has, and can't touch the schema.
    let connection = one.database.get().await.unwrap();
    let shown = connection.query_one("select current_user::text, current_setting('statement_timeout')", &[]).await;
    let shown = shown.unwrap();
    assert_eq!((shown.get::<_, String>(0), shown.get::<_, String>(1)), (role.name().to_owned(), "5s".to_owned()));
    connection.query("select from contacts", &[]).await.unwrap();
    connection.batch_execute("create table mine ()").await.unwrap_err();
    connection.batch_execute("delete from refinery_schema_history").await.unwrap_err();
}

#[tokio::test]
async fn functions_role_cannot_write_tenants_clients_and_connections() {
    let test = TestApp::start().await;
    let api = test.api().await;
    Remote::connect(&api, "cn_acme").await;
    let connection = test.app.database.get().await.unwrap();
    for statement in [
        "update connections set base_url = 'https://example.com'",
        "insert into connections (tenant_id, id, crm, base_url, secret_name) select id, 'cn_x', 'acme', '', '' from tenants",
        "delete from connections",
        "update clients set secret_sha256 = sha256('known')",
        "insert into clients (id, tenant_id, name, secret_sha256, scopes) select 'cl_x', id, '', sha256(''), '{}' from tenants",
        "delete from clients",
        "update tenants set name = ''",
        "insert into tenants (id, name) values ('tn_x', '')",
        "delete from tenants",
    ] {
        let error = connection.batch_execute(statement).await.expect_err(statement);
        assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}");
    }
    for table in ["tenants", "clients", "connections"] {
        connection.query(&format!("select * from {table}"), &[]).await.unwrap();
    }
}
