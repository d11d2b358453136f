//! A function behind an Invoke API over HTTP. Each invocation waits for what the test makes of it.

use std::time::Duration;

use axum::{Router, body::Bytes, extract::DefaultBodyLimit, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, unbounded_channel},
        oneshot,
    },
    time::timeout,
};
use url::Url;

use crate::topic::PATIENCE;

pub struct Function {
    pub url: Url,
    calls: Mutex<UnboundedReceiver<Call>>,
}

/// An invocation under way. Dropping it is an answer with status 500.
pub struct Call {
    pub event: Value,
    answer: oneshot::Sender<String>,
}

impl Function {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        Self::on(listener, url)
    }

    pub fn on(listener: TcpListener, url: Url) -> Self {
        let (tell, calls) = unbounded_channel();
        let invoke = post(async move |body: Bytes| {
            let (answer, answered) = oneshot::channel();
            let event = serde_json::from_slice(&body).unwrap();
            // A test that is over doesn't listen any more.
            let _ = tell.send(Call { event, answer });
            answered.await.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "it broke"))
        });
        let api = Router::new().route("/2015-03-31/functions/read-records/invocations", invoke);
        let api = api.layer(DefaultBodyLimit::max(6 * 1024 * 1024));
        tokio::spawn(axum::serve(listener, api).into_future());
        Self { url, calls: Mutex::new(calls) }
    }

    /// The next invocation.
    pub async fn called(&self) -> Call {
        let mut calls = self.calls.lock().await;
        timeout(PATIENCE, calls.recv()).await.expect("an invocation in time").expect("the server runs")
    }

    /// Whether it is left alone for so long.
    pub async fn rests(&self, time: Duration) -> bool {
        timeout(time, self.called()).await.is_err()
    }
}

impl Call {
    pub fn succeed(self) {
        self.answer_with("null");
    }

    pub fn fail(self) {
        drop(self);
    }

    pub fn answer_with(self, answer: &str) {
        // Nobody may wait any more, which is what some tests are about.
        let _ = self.answer.send(answer.to_owned());
    }

    /// The records, whatever partition they are of.
    pub fn records(&self) -> &[Value] {
        let records = self.event["records"].as_object().unwrap();
        assert_eq!(records.len(), 1, "the records of one partition");
        records.values().next().unwrap().as_array().unwrap()
    }

    pub fn offsets(&self) -> Vec<i64> {
        self.records().iter().map(|record| record["offset"].as_i64().unwrap()).collect()
    }

    pub fn values(&self) -> Vec<String> {
        self.records().iter().map(|record| decoded(&record["value"])).collect()
    }
}

pub fn decoded(text: &Value) -> String {
    String::from_utf8(BASE64.decode(text.as_str().unwrap()).unwrap()).unwrap()
}
