//! Invocations over HTTP, against a real server.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{StatusCode, header::LOCATION},
    routing::post,
};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use triggers::{
    invoke::{Invoke, InvokeError, Invoker},
    template::{Function, Template},
};
use url::Url;

fn function() -> Function {
    let source = "Resources: {Work: {Type: AWS::Serverless::Function, Properties: {CodeUri: a/work}}}";
    let template = Template::parse(source, &BTreeMap::new()).expect("a template");
    template.functions()["work"].clone()
}

async fn listener() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, Url::parse(&format!("http://{address}")).expect("a URL"))
}

/// An Invoke API that answers each invocation like this, and tells of each.
async fn answering<A>(answer: A) -> (Url, UnboundedReceiver<(String, Bytes)>)
where
    A: axum::response::IntoResponse + Clone + Send + Sync + 'static,
{
    let (listener, url) = listener().await;
    let (tell, told) = unbounded_channel();
    let invoke = post(async move |Path(name): Path<String>, body: Bytes| {
        tell.send((name, body)).expect("the test listens");
        answer
    });
    let api = Router::new().route("/2015-03-31/functions/{name}/invocations", invoke);
    tokio::spawn(axum::serve(listener, api).into_future());
    (url, told)
}

async fn invoke(url: Url) -> Result<Bytes, InvokeError> {
    let invoker = Invoker::new(url).expect("a client");
    invoker.invoke(&function(), &serde_json::json!({"a": 1})).await
}

#[tokio::test]
async fn an_invocation_posts_the_event_to_the_function() {
    let (url, mut told) = answering("null").await;
    invoke(url).await.expect("a success");
    let (name, body) = told.recv().await.expect("an invocation");
    assert_eq!((name.as_str(), &body[..]), ("work", br#"{"a":1}"#.as_slice()));
}

#[tokio::test]
async fn a_status_of_failure_is_a_failure() {
    let (url, _told) = answering((StatusCode::INTERNAL_SERVER_ERROR, "it broke")).await;
    let error = invoke(url).await.expect_err("a failure").to_string();
    assert_eq!(error, "500 Internal Server Error it broke");
}

#[tokio::test]
async fn so_is_a_success_with_the_header_of_a_function_error() {
    let (url, _told) = answering(([("X-Amz-Function-Error", "Unhandled")], "it panicked")).await;
    let error = invoke(url).await.expect_err("a failure").to_string();
    assert_eq!(error, "200 OK it panicked");
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let moved = (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/elsewhere")]);
    let (url, mut told) = answering(moved).await;
    assert!(matches!(invoke(url).await, Err(InvokeError::Failed(_))));
    told.recv().await.expect("the one invocation");
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_told_apart_from_a_failure() {
    let (listener, url) = listener().await;
    drop(listener);
    assert!(matches!(invoke(url).await, Err(InvokeError::Unreachable(_))));
}

#[tokio::test]
async fn an_endpoint_that_starts_later_is_waited_for() {
    let (listener, url) = listener().await;
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let invoker = Invoker::new(url).expect("a client");
    let waiting = tokio::spawn(async move { invoker.wait_until_reachable().await });
    tokio::task::yield_now().await;

    let _listener = TcpListener::bind(address).await.expect("the same port");
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, waiting).await.expect("an end in time").expect("no panic");
}

#[tokio::test]
async fn a_connection_lost_under_way_is_not_tried_again() {
    let (listener, url) = listener().await;
    let listener = Arc::new(listener);
    let accepting = Arc::clone(&listener);
    let lost = tokio::spawn(async move {
        let (mut stream, _) = accepting.accept().await.expect("a connection");
        stream.read_u8().await.expect("a request")
    });
    assert!(matches!(invoke(url).await, Err(InvokeError::Unreachable(_))));
    lost.await.expect("one connection");
    let second = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(second.is_err(), "a second connection was made");
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_a_time_out() {
    // Connections wait in the listener's queue, and nobody answers.
    let (_listener, url) = listener().await;
    let error = invoke(url).await.expect_err("no answer").to_string();
    assert_eq!(error, "no answer within 33s");
}
