//! Asking the application as a client does.

use std::sync::Arc;

use bytes::Bytes;
use crosswalk::App;
use lambda_http::http::{Method, Request, header};
use serde_json::Value;

use super::{Answer, TestApp, TestClient, routes};
use crate::runtime_api::{Function, FunctionError};
use crate::{gateway, log};

/// A client with a token, and the instance that it asks.
#[derive(Clone)]
pub struct Api<'a> {
    /// The application.
    pub test: &'a TestApp,
    /// The instance that answers.
    pub app: Arc<App>,
    /// Who asks.
    pub client: TestClient,
    /// With which token.
    pub token: String,
}

/// A request in the making.
pub struct Ask {
    app: Arc<App>,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// Replaces the source address of the gateway's event.
    source_address: Option<Value>,
}

impl TestApp {
    /// A request without a token.
    ///
    /// # Panics
    ///
    /// When this is no method.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let method = method.parse().unwrap_or_else(|_| panic!("{method} is no method"));
        let (app, path) = (Arc::clone(&self.app), path.to_owned());
        Ask { app, method, path, headers: Vec::new(), body: Bytes::new(), source_address: None }
    }

    /// Asks for a token with a client's secret.
    pub async fn token(&self, client: &TestClient) -> Answer {
        let form =
            format!("grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret.reveal());
        self.ask("POST", "/oauth/token").form(form).send().await
    }
}

impl<'a> Api<'a> {
    /// A client of the application, once it has a token.
    ///
    /// # Panics
    ///
    /// When it gets none.
    pub async fn of(test: &'a TestApp, client: TestClient) -> Self {
        let answer = test.token(&client).await.expect(200);
        let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer:?}")).to_owned();
        log::never(&token);
        Self { test, app: Arc::clone(&test.app), client, token }
    }

    /// The same client, asking another instance.
    #[must_use]
    pub fn at(&self, app: Arc<App>) -> Self {
        Self { app, ..self.clone() }
    }

    /// A request with the token.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let ask = self.test.ask(method, path).at(Arc::clone(&self.app));
        ask.header("authorization", &format!("Bearer {}", self.token))
    }

    /// Creates a contact.
    pub async fn create(&self, contact: &Value) -> Answer {
        self.ask("POST", "/contacts").json(contact).send().await
    }

    /// Reads a contact.
    pub async fn get(&self, id: &str) -> Answer {
        self.ask("GET", &format!("/contacts/{id}")).send().await
    }

    /// Changes parts of a contact that has this version.
    pub async fn patch(&self, id: &str, version: i64, patch: &Value) -> Answer {
        let ask = self.ask("PATCH", &format!("/contacts/{id}")).header("if-match", &format!("\"{version}\""));
        ask.json(patch).send().await
    }

    /// Puts a contact in the place of the one that has this version.
    pub async fn put(&self, id: &str, version: i64, contact: &Value) -> Answer {
        let ask = self.ask("PUT", &format!("/contacts/{id}")).header("if-match", &format!("\"{version}\""));
        ask.json(contact).send().await
    }

    /// Deletes a contact, whatever version it has.
    pub async fn delete(&self, id: &str) -> Answer {
        self.ask("DELETE", &format!("/contacts/{id}")).header("if-match", "*").send().await
    }

    /// Restores a contact, whatever version it has.
    pub async fn restore(&self, id: &str) -> Answer {
        self.ask("POST", &format!("/contacts/{id}/restore")).header("if-match", "*").send().await
    }

    /// All pages of a list, one after the other. The path may have parameters.
    ///
    /// # Panics
    ///
    /// When an answer is no page, or is empty and not the last.
    pub async fn pages(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.ask("GET", &format!("{path}{cursor}")).send().await.expect(200).json();
            let found = page["items"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
            items.extend(found.iter().cloned());
            let Some(next) = page["next"].as_str() else { return items };
            assert!(!found.is_empty(), "an empty page that is not the last: {page}");
            cursor = format!("{joint}cursor={next}");
        }
    }

    /// The key of a contact in the cache.
    ///
    /// # Panics
    ///
    /// When this is no id.
    pub fn cache_key(&self, id: &str) -> String {
        let id = id.parse().unwrap_or_else(|_| panic!("{id} is no id"));
        self.app.redis.keys().contact(&self.client.tenant, id)
    }
}

impl Ask {
    /// Asks another instance.
    #[must_use]
    pub fn at(mut self, app: Arc<App>) -> Self {
        self.app = app;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the address that the request comes from; `None` for an event without one.
    #[must_use]
    pub fn from_address(mut self, address: Option<&str>) -> Self {
        self.source_address = Some(address.map_or(Value::Null, Value::from));
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header(header::CONTENT_TYPE.as_str(), "application/json").body(body.to_string())
    }

    /// Sends a form.
    #[must_use]
    pub fn form(self, body: String) -> Self {
        self.header(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded").body(body)
    }

    /// Sends bytes.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The instance that is asked.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// The request as the gateway hands it to its function.
    ///
    /// # Panics
    ///
    /// When it is no request that HTTP can carry.
    pub fn event(self) -> Value {
        let source_address = self.source_address.clone();
        let (route, request) = self.request();
        let mut event = gateway::event(&route, &request);
        if let Some(address) = source_address {
            event["requestContext"]["http"]["sourceIp"] = address;
        }
        event
    }

    /// Sends the request by way of the gateway's event, as it comes in production.
    ///
    /// # Panics
    ///
    /// As [`Ask::event`].
    pub async fn send(self) -> Answer {
        let (app, event) = (self.app(), self.event());
        let route = event["routeKey"].as_str().unwrap_or_default().to_owned();
        let request = lambda_http::request::from_str(&event.to_string());
        let request = request.unwrap_or_else(|error| panic!("no event: {error}"));
        Answer::of(routes::call(&app, &route, request).await)
    }

    /// Sends the request to the route's function, a process of its own.
    ///
    /// # Panics
    ///
    /// As [`Ask::event`].
    pub async fn through(self, function: &Function) -> Result<Answer, FunctionError> {
        let (route, request) = self.request();
        gateway::call(function, &route, &request).await.map(Answer::of)
    }

    /// The route's pattern, and the request.
    fn request(self) -> (String, Request<Bytes>) {
        let route = routes::route(&self.method, self.path.split('?').next().unwrap_or_default());
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        (route, request.body(self.body).unwrap_or_else(|error| panic!("no request: {error}")))
    }
}
