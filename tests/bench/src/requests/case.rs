//! A request that is measured again and again: what it is, and what must be there before.

use std::ops::Range;

use bytes::Bytes;
use lambda_http::http::{Method, Request};
use serde_json::Value;
use support::gateway;
use uuid::Uuid;

use crate::world::World;

/// A kind of request to one function.
pub struct Case {
    /// The function.
    pub function: &'static str,
    /// What sets it apart from other requests to that function.
    pub what: &'static str,
    /// The route, as the gateway knows it.
    route: &'static str,
    /// The status of each answer.
    status: u16,
    /// A large one is measured less often.
    pub weight: usize,
    make: Make,
}

/// The request of a number.
type Make = Box<dyn Fn(&World, usize) -> Ask>;

/// What differs from request to request.
pub struct Ask {
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Case {
    /// A request to this function by this route, answered with this status. Each time it is made for another number.
    pub fn new(
        function: &'static str,
        what: &'static str,
        (route, status): (&'static str, u16),
        make: impl Fn(&World, usize) -> Ask + 'static,
    ) -> Self {
        Self { function, what, route, status, weight: 1, make: Box::new(make) }
    }

    /// The same, done so many times less often.
    #[must_use]
    pub fn heavy(mut self, weight: usize) -> Self {
        self.weight = weight;
        self
    }

    /// What it is called in the tables.
    pub fn name(&self) -> String {
        [self.function, self.what].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// The gateway's events for the requests of these numbers.
    ///
    /// # Panics
    ///
    /// When one is no request.
    pub fn events(&self, world: &World, numbers: Range<usize>) -> Vec<Bytes> {
        let method = self.route.split_once(' ').map_or(Method::GET, |(method, _)| method.parse().expect("a method"));
        let event = |number| {
            let Ask { path, headers, body } = (self.make)(world, number);
            let mut request = Request::builder().method(method.clone()).uri(path);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let request = request.body(body).unwrap_or_else(|error| panic!("no request: {error}"));
            Bytes::from(gateway::event(self.route, &request).to_string())
        };
        numbers.map(event).collect()
    }

    /// Whether a function's answer has the status.
    pub fn answers(&self, answer: &[u8]) -> bool {
        answer.starts_with(format!("{{\"statusCode\":{},", self.status).as_bytes())
    }
}

impl Ask {
    /// A request for this path, without a token.
    pub fn anonymous(path: impl Into<String>) -> Self {
        Self { path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A request with the token of the world's client.
    pub fn new(world: &World, path: impl Into<String>) -> Self {
        Self::anonymous(path).header("authorization", &format!("Bearer {}", world.token()))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends a body of this type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// Says that whatever version there is may be changed.
    #[must_use]
    pub fn forced(self) -> Self {
        self.header("if-match", "*")
    }
}

/// A block of contacts that one case has for itself.
#[derive(Debug, Clone, Copy)]
pub struct Block(pub u16);

impl Block {
    /// The id of one of them.
    pub fn id(self, number: usize) -> Uuid {
        let text = format!("00000000-{:04x}-7000-8000-{number:012x}", self.0);
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// SQL for the id of the contact `n`.
    pub fn id_sql(self) -> String {
        format!("('00000000-{:04x}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid", self.0)
    }
}
