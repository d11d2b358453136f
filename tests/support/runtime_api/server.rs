//! The HTTP side: next, response, error and init/error for one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use uuid::Uuid;

use super::error::FunctionError;
use super::queue::{Answer, Invocation, Queue};

/// The largest answer that Lambda takes, 6 MB and a little; more is a 413, as on AWS.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 + 100 * 1024;

/// How far a process has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Starting,
    /// It has asked for its first invocation.
    Ready,
    Ended,
}

/// What a process's server knows.
pub(super) struct Api {
    function: String,
    limit: Duration,
    queue: Arc<Queue>,
    in_flight: Mutex<HashMap<Uuid, oneshot::Sender<Answer>>>,
    init_error: Mutex<Option<FunctionError>>,
    stage: watch::Sender<Stage>,
    /// Asks for the process to be killed, because an invocation has passed the time limit.
    pub(super) expired: Arc<Notify>,
}

impl Api {
    pub(super) fn new(function: &str, limit: Duration, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self {
            function: function.to_owned(),
            limit,
            queue,
            in_flight: Mutex::default(),
            init_error: Mutex::default(),
            stage: watch::Sender::new(Stage::Starting),
            expired: Arc::default(),
        })
    }

    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let routes = Router::new()
            .route("/runtime/invocation/next", get(next))
            .route("/runtime/invocation/{id}/response", post(response))
            .route("/runtime/invocation/{id}/error", post(error))
            .route("/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_ANSWER));
        let extensions =
            Router::new().route("/extension/register", post(register)).route("/extension/event/next", get(next_event));
        let api = Router::new().nest("/2018-06-01", routes).nest("/2020-01-01", extensions).with_state(self);
        let listener = listener.tap_io(|connection| {
            // Without it an answer could wait 40 ms for the other side's acknowledgement.
            let _ = connection.set_nodelay(true);
        });
        // It never returns an error: it goes on after a failed accept.
        let _ = axum::serve(listener, api).await;
    }

    pub(super) fn stage(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// The process is gone: nothing is handed to it any more, and what it had fails.
    pub(super) fn end(&self, error: &FunctionError) {
        let mut in_flight = self.in_flight();
        self.stage.send_replace(Stage::Ended);
        for (_, answer) in in_flight.drain() {
            let _ = answer.send(Err(error.clone()));
        }
    }

    pub(super) fn init_error(&self) -> Option<FunctionError> {
        self.init_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the process has the invocation now. An invocation that a dying process took at its last moment fails.
    fn take(&self, id: Uuid, answer: oneshot::Sender<Answer>) {
        let mut in_flight = self.in_flight();
        if *self.stage.borrow() == Stage::Ended {
            let _ = answer.send(Err(FunctionError::exited(None)));
        } else {
            in_flight.insert(id, answer);
        }
    }

    fn settle(&self, id: Uuid, outcome: Answer) -> StatusCode {
        let Some(answer) = self.in_flight().remove(&id) else {
            return StatusCode::BAD_REQUEST;
        };
        // Nobody listens when the caller has dropped its future; the function need not know.
        let _ = answer.send(outcome);
        StatusCode::ACCEPTED
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<Uuid, oneshot::Sender<Answer>>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.stage.send_if_modified(|stage| {
        let first = *stage == Stage::Starting;
        if first {
            *stage = Stage::Ready;
        }
        first
    });
    let mut stage = api.stage();
    let ended = async { stage.wait_for(|stage| *stage == Stage::Ended).await.map(drop) };
    let invocation = tokio::select! {
        biased;
        _ = ended => return StatusCode::GONE.into_response(),
        invocation = api.queue.take() => invocation,
    };
    let Invocation { id, payload, taken, answer } = invocation;
    api.take(id, answer);
    let _ = taken.send(Arc::clone(&api.expired));
    (headers(&api, id), payload).into_response()
}

/// Registers an extension. A process that has one gets SIGTERM on AWS before it is killed.
async fn register(State(api): State<Arc<Api>>, headers: HeaderMap) -> Response {
    if !headers.contains_key("lambda-extension-name") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let identifier = (HeaderName::from_static("lambda-extension-identifier"), Uuid::now_v7().to_string());
    let body = json!({"functionName": api.function, "functionVersion": "$LATEST", "handler": "bootstrap"});
    ([identifier], body.to_string()).into_response()
}

/// An extension that subscribed to no events waits here for as long as its process runs.
async fn next_event(State(api): State<Arc<Api>>) -> StatusCode {
    let _ = api.stage().wait_for(|stage| *stage == Stage::Ended).await;
    StatusCode::GONE
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<Uuid>, body: Bytes) -> StatusCode {
    api.settle(id, Ok(body))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<Uuid>, body: Bytes) -> StatusCode {
    api.settle(id, Err(FunctionError::reported(&body)))
}

async fn init_error(State(api): State<Arc<Api>>, body: Bytes) -> StatusCode {
    *api.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(FunctionError::reported(&body));
    StatusCode::ACCEPTED
}

fn headers(api: &Api, id: Uuid) -> [(HeaderName, String); 5] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let hex = id.simple().to_string();
    let name = HeaderName::from_static;
    [
        (name("content-type"), "application/json".to_owned()),
        (name("lambda-runtime-aws-request-id"), id.to_string()),
        (name("lambda-runtime-deadline-ms"), (now + api.limit).as_millis().to_string()),
        (
            name("lambda-runtime-invoked-function-arn"),
            format!("arn:aws:lambda:us-east-1:000000000000:function:{}", api.function),
        ),
        (
            name("lambda-runtime-trace-id"),
            format!("Root=1-{:08x}-{};Parent={};Sampled=0", now.as_secs(), &hex[8..], &hex[16..]),
        ),
    ]
}
