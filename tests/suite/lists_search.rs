//! Searching: `q` finds text, whatever is in it.

use serde_json::{Value, json};
use support::app::{Api, TestApp};

#[tokio::test]
async fn it_looks_in_names_email_and_company_in_whatever_case_newest_first() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let first = contact("Ada", "Lovelace", "ada@example.com", "Engines");
    stranger.create(&first).await.expect(201);
    api.create(&first).await.expect(201);
    api.create(&contact("Grace", "Hopper", "grace@navy.example", "COBOL Ltd")).await.expect(201);
    api.create(&contact("Łukasz", "ŻÓŁĆ", "lz@example.com", "Straße & Söhne")).await.expect(201);
    for (q, expected) in [
        ("ada", "Ada"),
        ("LOVE", "Ada"),
        ("Ada Lovelace", "Ada"),
        ("@example.com", "Łukasz Ada"),
        ("cobol", "Grace"),
        ("bol lt", "Grace"),
        ("żółć", "Łukasz"),
        ("łUKASZ", "Łukasz"),
        ("straße & sö", "Łukasz"),
        ("countess", ""),
        ("  ada  ", "Ada"),
        ("ada lace", ""),
    ] {
        assert_eq!(found(&api, q).await, expected, "{q}");
    }
}

#[tokio::test]
async fn everything_in_it_is_plain_text() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for (name, company) in [
        ("percent", "100% sure"),
        ("underscore", "snake_case"),
        ("backslash", r"C:\temp\%x"),
        ("quote", "O'Neill \"and\" Sons"),
        ("statement", "'; drop table contacts; --"),
        ("signs", "%_%"),
        ("plain", "snakeXcase 100 sure"),
    ] {
        api.create(&contact(name, "X", "x@example.com", company)).await.expect(201);
    }
    for (q, expected) in [
        ("0% s", "percent"),
        ("100%sure", ""),
        ("e_c", "underscore"),
        ("snake_case", "underscore"),
        (r"\temp\%", "backslash"),
        (r"\\temp", ""),
        (r"\%x", "backslash"),
        ("o'neill", "quote"),
        ("\"and\"", "quote"),
        ("'; drop table contacts; --", "statement"),
        ("%_%", "signs"),
        ("___", ""),
        ("%%%", ""),
        ("$1$", ""),
        ("{\"a\":", ""),
    ] {
        assert_eq!(found(&api, q).await, expected, "{q}");
    }
    assert_eq!(test.count("contacts").await, 7);
}

#[tokio::test]
async fn a_letter_with_an_accent_is_one_however_it_was_typed() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (composed, combining) = ("Zo\u{e9}", "Zoe\u{301}");
    api.create(&contact(composed, "One", "a@example.com", "x")).await.expect(201);
    api.create(&contact(combining, "Two", "b@example.com", "x")).await.expect(201);
    for q in [composed, combining, "ZO\u{c9}", "ZOE\u{301}"] {
        assert_eq!(found(&api, q).await, format!("{combining} {composed}"), "{q:?}");
    }
    assert_eq!(found(&api, "zoe").await, "", "an accent is not nothing");
    // What was given is what is kept: the search has a form of its own.
    assert_eq!(api.pages("/contacts").await[1]["firstName"], combining);
    assert_eq!(found(&api, "\u{301}\u{301}\u{301}").await, "");
}

#[tokio::test]
async fn a_long_text_is_looked_for_and_a_longer_one_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (company, name) = ("é".repeat(200), "n".repeat(100));
    api.create(&contact(&name, &"m".repeat(100), "x@example.com", &company)).await.expect(201);
    let whole = format!("{name} {} x@example.com {company}", "m".repeat(100));
    assert_eq!(found(&api, &whole).await, name);
    assert_eq!(found(&api, &"x".repeat(500)).await, "");
    let answer = api.ask("GET", &format!("/contacts?q={}", "x".repeat(501))).send().await.expect(400);
    assert_eq!(answer.problem(), "malformed");
    // Three characters of three bytes each.
    api.create(&contact("山田太郎", "One", "y@example.com", "x")).await.expect(201);
    assert_eq!(found(&api, "田太郎").await, "山田太郎");
    let answer = api.ask("GET", &format!("/contacts?q={}", encoded("太郎"))).send().await.expect(400);
    assert_eq!(answer.problem(), "malformed");
}

#[tokio::test]
async fn its_pages_join_as_those_of_any_list() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for n in 0..25 {
        let name = if n % 2 == 0 { "even" } else { "odd" };
        api.create(&contact(name, &n.to_string(), "x@example.com", "x")).await.expect(201);
    }
    let contacts = api.pages("/contacts?q=even&limit=4").await;
    let numbers: Vec<_> = contacts.iter().map(|it| it["lastName"].as_str().unwrap().parse::<i32>().unwrap()).collect();
    assert_eq!(numbers, (0..25).rev().filter(|n| n % 2 == 0).collect::<Vec<_>>());
}

fn contact(first: &str, last: &str, email: &str, company: &str) -> Value {
    json!({"firstName": first, "lastName": last, "email": email, "company": company})
}

/// The first names of what a search finds.
async fn found(api: &Api<'_>, q: &str) -> String {
    let contacts = api.pages(&format!("/contacts?q={}", encoded(q))).await;
    contacts.iter().map(|contact| contact["firstName"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
