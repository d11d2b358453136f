//! Lists.

use std::collections::HashSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Crm, ada, ada_with, id};

async fn page(crm: &Crm, query: &str) -> (Vec<String>, Option<String>) {
    let (status, page) = crm.get(&format!("/contacts?{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let ids = page["items"].as_array().expect("a list").iter().map(|record| id(record).to_owned()).collect();
    (ids, page["next"].as_str().map(str::to_owned))
}

async fn ids(crm: &Crm, query: &str) -> Vec<String> {
    page(crm, query).await.0
}

async fn created(crm: &Crm, members: Value) -> String {
    id(&crm.create(&ada_with(members)).await).to_owned()
}

#[tokio::test]
async fn a_walk_meets_every_contact_once_in_the_order_of_creation() {
    let crm = Crm::alone().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(created(&crm, json!({})).await);
    }
    let (mut walked, mut next) = page(&crm, "limit=3").await;
    assert_eq!(walked, made[..3]);
    // What is deleted behind the cursor, at it or before it, or changed, or made, shifts nothing.
    crm.delete(&made[0]).await;
    crm.delete(&made[2]).await;
    crm.delete(&made[4]).await;
    crm.patch(&made[5], &json!({"acme_title": "Countess"})).await;
    let late = created(&crm, json!({})).await;
    while let Some(cursor) = next {
        let (ids, after) = page(&crm, &format!("limit=3&cursor={cursor}")).await;
        walked.extend(ids);
        next = after;
    }
    let expected: Vec<_> = [&made[..4], &made[5..], &[late]].concat();
    assert_eq!(walked, expected);
    assert_eq!(walked.iter().collect::<HashSet<_>>().len(), walked.len());
}

#[tokio::test]
async fn the_last_page_has_no_cursor_even_if_it_is_full() {
    let crm = Crm::alone().await;
    for _ in 0..4 {
        crm.create(&ada()).await;
    }
    let (first, next) = page(&crm, "limit=2").await;
    let (second, end) = page(&crm, &format!("limit=2&cursor={}", next.expect("a cursor"))).await;
    assert_eq!((first.len(), second.len(), end), (2, 2, None));
    assert_eq!(page(&Crm::alone().await, "").await, (vec![], None));
}

#[tokio::test]
async fn contacts_are_found_by_external_id_and_by_address() {
    let crm = Crm::alone().await;
    let one = created(&crm, json!({"acme_external_id": "x"})).await;
    let two = created(&crm, json!({"acme_external_id": "x", "acme_email": "Two@Example.com"})).await;
    created(&crm, json!({"acme_external_id": "xy", "acme_email": "two@example.com.au"})).await;
    assert_eq!(ids(&crm, "external_id=x").await, [one.clone(), two.clone()], "an external id may be there twice");
    assert_eq!(ids(&crm, "email=two@example.COM").await, [two.as_str()]);
    assert_eq!(ids(&crm, "external_id=x&email=two@example.com").await, [two.as_str()]);
    assert!(ids(&crm, "external_id=").await.is_empty());

    let (first, next) = page(&crm, "external_id=x&limit=1").await;
    let (second, end) = page(&crm, &format!("external_id=x&limit=1&cursor={}", next.expect("a cursor"))).await;
    assert_eq!((first, second, end), (vec![one], vec![two], None));
}

#[tokio::test]
async fn a_contact_is_found_by_what_it_has_now() {
    let crm = Crm::alone().await;
    let contact = created(&crm, json!({"acme_external_id": "before"})).await;
    crm.patch(&contact, &json!({"acme_external_id": "after", "acme_email": "new@example.com"})).await;
    let found = [
        ids(&crm, "external_id=before").await.len(),
        ids(&crm, "email=ada@example.com").await.len(),
        ids(&crm, "external_id=after").await.len(),
        ids(&crm, "email=new@example.com").await.len(),
    ];
    assert_eq!(found, [0, 0, 1, 1]);
    crm.patch(&contact, &json!({"acme_external_id": null})).await;
    assert!(ids(&crm, "external_id=after").await.is_empty());
    crm.delete(&contact).await;
    assert!(ids(&crm, "email=new@example.com").await.is_empty());
}

#[tokio::test]
async fn a_page_has_no_gap_where_a_contact_was_that_is_found_elsewhere_now() {
    let crm = Crm::alone().await;
    let moved = created(&crm, json!({"acme_external_id": "x"})).await;
    let gone = created(&crm, json!({"acme_external_id": "x"})).await;
    let stays = created(&crm, json!({"acme_external_id": "x"})).await;
    crm.patch(&moved, &json!({"acme_external_id": "y"})).await;
    crm.delete(&gone).await;
    assert_eq!(page(&crm, "external_id=x&limit=1").await, (vec![stays], None));
}

#[tokio::test]
async fn an_odd_limit_or_cursor_is_a_bad_request() {
    let crm = Crm::alone().await;
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=eHg"] {
        let (status, answer) = crm.get(&format!("/contacts?{query}")).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{query}");
    }
    assert_eq!(crm.get("/contacts?limit=200").await.0, StatusCode::OK);
}
