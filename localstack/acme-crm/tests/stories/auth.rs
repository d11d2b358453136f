//! Who may come in.

use acme_crm::Settings;
use reqwest::header::WWW_AUTHENTICATE;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Crm, ada, answer, eventually, settings};

async fn status_with(crm: &Crm, token: &str) -> StatusCode {
    let request = crm.bare(Method::GET, "/contacts").bearer_auth(token);
    request.send().await.expect("an answer").status()
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_so_are_odd_ones() {
    let crm = Crm::alone().await;
    for (username, password) in [("crosswalk", "wrong"), ("wrong", "crosswalk"), ("", "")] {
        let (status, answer) = crm.login(username, password).await;
        assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
    }
    let odd = crm.bare(Method::POST, "/auth/login").body("{\"username\": 1}").send().await.expect("an answer");
    assert_eq!(odd.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let broken = crm.bare(Method::POST, "/auth/login").body("{").send().await.expect("an answer");
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn contacts_want_a_token_that_this_crm_has_signed() {
    let (crm, other) = (Crm::alone().await, Crm::alone().await);
    assert_eq!(status_with(&crm, crm.token()).await, StatusCode::OK);
    for token in ["", "nonsense", other.token(), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjcm9zc3dhbGsifQ."] {
        assert_eq!(status_with(&crm, token).await, StatusCode::UNAUTHORIZED, "{token}");
    }
    let without = crm.bare(Method::POST, "/contacts").json(&ada()).send().await.expect("an answer");
    assert_eq!(without.headers()[WWW_AUTHENTICATE], "Bearer");
    let (status, answer) = answer(without).await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")));
    assert_eq!(crm.count().await, 0);
}

#[tokio::test]
async fn a_token_runs_out_and_can_be_refreshed_before() {
    let crm = Crm::with(Settings { token_seconds: 2, ..settings() }).await;
    let refreshed = crm.request(Method::POST, "/auth/refresh").send().await.expect("an answer");
    let (status, answer) = answer(refreshed).await;
    assert_eq!((status, &answer["expiresIn"]), (StatusCode::OK, &json!(2)));
    let token = answer["token"].as_str().expect("a token");
    assert_ne!(token, crm.token());
    assert_eq!(status_with(&crm, token).await, StatusCode::OK);

    let refused = async || status_with(&crm, crm.token()).await == StatusCode::UNAUTHORIZED;
    eventually("the token has run out", refused).await;
    let late = crm.request(Method::POST, "/auth/refresh").send().await.expect("an answer");
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_outlasts_a_restart() {
    let crm = Crm::alone().await;
    let token = crm.token().to_owned();
    let crm = crm.restarted().await;
    assert_eq!(status_with(&crm, &token).await, StatusCode::OK);
}

#[tokio::test]
async fn more_than_the_limit_is_too_much_until_a_moment_later() {
    let crm = Crm::with(Settings { requests_per_second: 2, burst: 3, ..settings() }).await;
    for _ in 0..3 {
        assert_eq!(crm.get("/contacts").await.0, StatusCode::OK);
    }
    let refused = crm.request(Method::GET, "/contacts").send().await.expect("an answer");
    assert_eq!(refused.headers()["retry-after"], "1");
    let (status, answer) = answer(refused).await;
    assert_eq!((status, &answer["error"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
    assert_eq!(crm.login("crosswalk", "crosswalk").await.0, StatusCode::OK, "it is for contacts alone");
    eventually("it lets requests in again", async || crm.get("/contacts").await.0 == StatusCode::OK).await;
}
