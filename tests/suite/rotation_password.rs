//! The password of the functions' role is replaced while they are at work, and nobody notices.

use std::sync::Arc;

use crosswalk::App;
use crosswalk::db::{Credentials, roles};
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use support::app::{Api, TestApp, grace};
use support::role::Role;
use support::rotation::{Rotation, STEPS};
use support::services;
use url::Url;

#[tokio::test]
async fn requests_go_on_all_through_a_rotation() {
    let role = Role::new();
    let (test, rotator) = with_role(&role).await;
    let api = test.api().await;
    let rotation = Rotation::of(test.secrets.name("database"));
    let before = test.secrets.labelled("database", "AWSCURRENT").await.unwrap();
    for step in STEPS {
        // One has read the secret just now, and logs in with it after the step; the other has not started yet.
        let early = test.another_instance();
        create_anew(&api, &early).await;
        rotate_database_password::handle(&rotator, rotation.asks(step)).await.unwrap();
        for instance in [early, test.another_instance()] {
            create_anew(&api, &instance).await;
            create_anew(&api, &instance).await;
        }
    }
    let after = test.secrets.labelled("database", "AWSCURRENT").await.unwrap();
    assert_ne!(before["password"], after["password"]);
    assert_eq!((&before["host"], &before["username"]), (&after["host"], &after["username"]));
    let old = Credentials { password: role.name().to_owned(), ..test.database.credentials() };
    assert!(login(&test, &Credentials { username: role.name().to_owned(), ..old }).await.is_err(), "the old password");
}

#[tokio::test]
async fn a_rotation_that_died_between_two_steps_comes_to_its_end_the_next_time() {
    let role = Role::new();
    let (test, rotator) = with_role(&role).await;
    let api = test.api().await;
    let rotation = Rotation::of(test.secrets.name("database"));
    for done in 0..=STEPS.len() {
        // Each time it begins at the beginning, and gets one step further.
        for step in &STEPS[..done] {
            rotate_database_password::handle(&rotator, rotation.asks(step)).await.unwrap();
        }
        create_anew(&api, &test.another_instance()).await;
    }
    let current = test.secrets.labelled("database", "AWSCURRENT").await.unwrap();
    assert_eq!(test.secrets.labelled("database", "AWSPENDING").await.unwrap_or_else(|| current.clone()), current);

    // The step of another rotation, which came late, finds nothing that is its own.
    let late = Rotation::of(test.secrets.name("database"));
    for step in &STEPS[1..] {
        rotate_database_password::handle(&rotator, late.asks(step)).await.unwrap_err();
    }
    create_anew(&api, &test.another_instance()).await;
}

#[tokio::test]
async fn a_deployment_in_the_middle_of_a_rotation_undoes_nothing() {
    let role = Role::new();
    let (test, rotator) = with_role(&role).await;
    let api = test.api().await;
    let rotation = Rotation::of(test.secrets.name("database"));
    for step in STEPS {
        rotate_database_password::handle(&rotator, rotation.asks(step)).await.unwrap();
        let event = LambdaEvent::new(json!({}), Context::default());
        migrate_database::handle(&rotator, event).await.unwrap();
        create_anew(&api, &test.another_instance()).await;
    }
}

#[tokio::test]
async fn an_address_of_the_settings_stands_in_for_the_secrets() {
    let role = Role::new();
    let (test, _) = with_role(&role).await;
    let api = test.api().await;
    let credentials = test.database.credentials();
    let mut secret = test.secrets.labelled("database", "AWSCURRENT").await.unwrap();
    secret.as_object_mut().unwrap().retain(|member, _| member == "username" || member == "password");
    test.secrets.put("database", &secret).await;
    let port = credentials.port.to_string();
    let address = [
        ("CROSSWALK_DATABASE_HOST", credentials.host.as_str()),
        ("CROSSWALK_DATABASE_PORT", &port),
        ("CROSSWALK_DATABASE_NAME", &credentials.dbname),
    ];
    create_anew(&api, &test.another_instance_with(&address)).await;
    api.at(test.another_instance_with(&address[1..])).create(&grace()).await.expect(500);
    // It goes before the secret's.
    secret["host"] = "nowhere.invalid".into();
    test.secrets.put("database", &secret).await;
    create_anew(&api, &test.another_instance_with(&address)).await;
}

/// An application whose role is the test's own, and an instance that is the schema's owner too.
async fn with_role(role: &Role) -> (TestApp, Arc<App>) {
    let test = TestApp::start().await;
    let credentials = Credentials {
        username: role.name().to_owned(),
        password: role.name().to_owned(),
        ..test.database.credentials()
    };
    roles::ensure(&test.sql, &credentials).await.unwrap();
    let url = Url::parse(&services::database_url()).unwrap();
    test.secrets.put("database", &secret(&test, role.name(), role.name())).await;
    let password = url.password().unwrap_or_default();
    test.secrets.put("database-admin", &secret(&test, url.username(), password)).await;
    let admin = test.secrets.name("database-admin");
    let rotator = test.another_instance_with(&[("CROSSWALK_DATABASE_ADMIN_SECRET", &admin)]);
    // What the application's own instance has read is of no use any more.
    test.app.database.forget();
    (test, rotator)
}

fn secret(test: &TestApp, username: &str, password: &str) -> Value {
    let Credentials { host, port, dbname, .. } = test.database.credentials();
    json!({"host": host, "port": port, "dbname": dbname, "username": username, "password": password})
}

/// Creates a contact on a new connection.
async fn create_anew(api: &Api<'_>, instance: &Arc<App>) {
    instance.database.forget();
    api.at(instance.clone()).create(&grace()).await.expect(201);
}

async fn login(test: &TestApp, credentials: &Credentials) -> Result<(), tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host(&credentials.host).port(credentials.port).dbname(test.database.name());
    config.user(&credentials.username).password(&credentials.password);
    config.connect(tokio_postgres::NoTls).await.map(drop)
}
