//! Secrets change while an instance runs.

use std::time::Duration;

use crosswalk::db::{Credentials, roles};
use serde_json::json;
use support::app::{TestApp, grace};
use support::role::Role;
use support::wait::eventually;
use uuid::Uuid;

#[tokio::test]
async fn a_new_password_of_the_database_is_found_without_a_restart() {
    // Before the database, so that it is dropped after it: what a database grants to a role keeps the role.
    let role = Role::new();
    let test = TestApp::start().await;
    let mut credentials = Credentials { username: role.name().to_owned(), ..test.database.credentials() };
    rotate(&test, &mut credentials).await;
    store(&test, &credentials).await;
    let api = test.api().await;
    api.create(&grace()).await.expect(201);

    // What is open stays open: nothing needs the new password yet.
    rotate(&test, &mut credentials).await;
    api.create(&grace()).await.expect(201);

    // Now it does, and nobody has told the secret: it can't be done just now, and nothing is said of why.
    disconnect(&test, &role).await;
    let refused = eventually("the closed connections to be noticed", Duration::from_secs(5), async || {
        let answer = api.create(&grace()).await;
        if answer.status == 503 { Ok(answer) } else { Err(answer.status) }
    })
    .await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ("unavailable".to_owned(), "2"));
    assert!(!refused.json().to_string().contains("password"), "{refused:?}");

    store(&test, &credentials).await;
    let created = eventually("the new password to be read", Duration::from_secs(30), async || {
        let answer = api.create(&grace()).await;
        if answer.status == 201 { Ok(answer) } else { Err(answer.status) }
    })
    .await;
    assert_eq!(test.events(&created.id()).await.len(), 1);
    assert_eq!(test.count("contacts").await, test.count("contact_events").await);
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_a_failure_that_names_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let nameless = api.at(test.another_instance_with(&[("CROSSWALK_DATABASE_SECRET", "")]));
    let absent = api.at(test.another_instance_with(&[("CROSSWALK_DATABASE_SECRET", "no/such/secret")]));
    for (api, status) in [(nameless, 500), (absent, 503)] {
        let answer = api.create(&grace()).await.expect(status);
        answer.problem();
        assert!(!answer.json().to_string().contains("secret"), "{answer:?}");
    }
}

/// Gives the role another password, and makes the role if it isn't there yet.
async fn rotate(test: &TestApp, credentials: &mut Credentials) {
    credentials.password = Uuid::now_v7().to_string();
    roles::ensure(&test.sql, credentials).await.unwrap();
}

async fn store(test: &TestApp, credentials: &Credentials) {
    let Credentials { host, port, dbname, username, password } = credentials;
    let secret = json!({"host": host, "port": port, "dbname": dbname, "username": username, "password": password});
    test.secrets.put("database", &secret).await;
}

async fn disconnect(test: &TestApp, role: &Role) {
    let sql = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1";
    let gone = test.sql.query(sql, &[&role.name()]).await.unwrap();
    assert!(!gone.is_empty(), "the instance was connected");
}
