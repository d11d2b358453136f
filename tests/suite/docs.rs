//! The description of the API and the page that shows it, as they are served.

use serde_json::Value;
use support::app::{Answer, TestApp};

#[tokio::test]
async fn the_description_is_served_once_to_each_caller() {
    let test = TestApp::start().await;
    let first = test.ask("GET", "/openapi.json").send().await.expect(200);
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("cache-control"), "no-cache");
    assert_eq!(first.json()["openapi"], "3.1.0");
    let tag = first.header("etag");
    let again = test.ask("GET", "/openapi.json").header("if-none-match", tag).send().await.expect(304);
    assert!(again.body.is_empty() && again.header("etag") == tag);
    assert_eq!(test.ask("GET", "/openapi.json").header("if-none-match", "\"7\"").send().await.status, 200);
}

#[tokio::test]
async fn the_page_asks_for_nothing_from_elsewhere() {
    let test = TestApp::start().await;
    let page = test.ask("GET", "/docs").send().await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(!html.contains("://") && !html.contains('{'), "{html}");
    let assets = links(&html);
    assert_eq!(assets.len(), 4, "{html}");
    let mut total = 0;
    for path in &assets {
        let plain = test.ask("GET", path).send().await.expect(200);
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert!(plain.header("content-security-policy").starts_with("default-src 'none'; frame"), "{path}");
        assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"), "{path}");
        let packed = test.ask("GET", path).header("accept-encoding", "br, gzip;q=0.5").send().await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert!(packed.body.starts_with(b"\x1f\x8b") && packed.header("etag") == plain.header("etag"), "{path}");
        let unwanted = test.ask("GET", path).header("accept-encoding", "gzip;q=0").send().await.expect(200);
        assert_eq!(unwanted.body, plain.body, "{path}");
        total += packed.body.len();
    }
    assert!(total < 1024 * 1024, "{total} bytes");
}

#[tokio::test]
async fn a_file_that_there_is_not_is_no_route() {
    let test = TestApp::start().await;
    for path in ["/docs/x", "/docs/", "/docs/swagger-ui.css", "/docs/..%2Fopenapi.json"] {
        let answer: Answer = test.ask("GET", path).send().await.expect(404);
        assert_eq!(answer.problem(), "route-not-found", "{path}");
    }
    let broken = test.ask("GET", "/docs").header("if-none-match", "x").send().await.expect(400);
    assert_eq!(broken.json()["code"], Value::from("malformed"));
}

/// The paths below `/docs/` that a page names.
fn links(html: &str) -> Vec<String> {
    let paths = html.split("\"/docs/").skip(1).filter_map(|rest| rest.split('"').next());
    paths.map(|name| format!("/docs/{name}")).collect()
}
