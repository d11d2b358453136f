//! A rotation that dies in the middle of a step, wherever that is, hurts nobody and comes to its end the next time.

use std::time::Duration;

use crosswalk::db::{Credentials, roles};
use serde_json::{Value, json};
use support::app::{TestApp, grace};
use support::proxy::Proxy;
use support::role::Role;
use support::rotation::{Rotation, STEPS};
use support::runtime_api::Function;
use support::services;
use support::wait::eventually;
use url::Url;

/// What is answered late can be waited for.
const SLOW: Duration = Duration::from_millis(30);

#[tokio::test]
async fn a_password_is_rotated_however_often_the_rotation_dies() {
    let role = Role::new();
    let test = TestApp::start().await;
    let own = Credentials {
        username: role.name().to_owned(),
        password: role.name().to_owned(),
        ..test.database.credentials()
    };
    roles::ensure(&test.sql, &own).await.unwrap();
    test.secrets.put("database", &secret(&own, role.name(), role.name())).await;
    let url = Url::parse(&services::database_url()).unwrap();
    test.secrets.put("database-admin", &secret(&own, url.username(), url.password().unwrap_or_default())).await;
    test.app.database.forget();
    let api = test.api().await;

    let (proxy, endpoint) = Proxy::before(&services::aws_endpoint_url()).await;
    let variables = [
        ("AWS_ENDPOINT_URL".to_owned(), endpoint),
        ("CROSSWALK_DATABASE_ADMIN_SECRET".to_owned(), test.secrets.name("database-admin")),
    ];
    let environment: Vec<_> = test.environment.iter().cloned().chain(variables).collect();
    let rotation = Rotation::of(test.secrets.name("database"));
    proxy.delay(SLOW).await;
    let mut deaths = 0;
    for step in STEPS {
        for trips in 1.. {
            let function = Function::start("rotate-database-password", environment.clone()).await;
            let begun = proxy.trips();
            let invoked = function.invoke(&rotation.event(step));
            let dies =
                eventually("the step to come so far", Duration::from_secs(20), async || proxy.trips() >= begun + trips);
            let outcome = tokio::select! {
                outcome = invoked => Some(outcome),
                () = dies => None,
            };
            if let Some(outcome) = outcome {
                outcome.unwrap();
                break;
            }
            function.kill().await;
            deaths += 1;
            // A login anew, in the middle of it.
            let instance = test.another_instance();
            api.at(instance).create(&grace()).await.expect(201);
        }
    }
    assert!(deaths > STEPS.len(), "it died {deaths} times");
    let current = test.secrets.labelled("database", "AWSCURRENT").await.unwrap();
    assert_ne!(current["password"], role.name());
    api.at(test.another_instance()).create(&grace()).await.expect(201);
}

fn secret(at: &Credentials, username: &str, password: &str) -> Value {
    json!({"host": at.host, "port": at.port, "dbname": at.dbname, "username": username, "password": password})
}
