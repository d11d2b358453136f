//! What API Gateway does between an HTTP client and a function: a request becomes an event of payload version 2.0, and
//! the function's answer a response
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, Request, Response, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use uuid::Uuid;

use crate::runtime_api::{Function, FunctionError};

/// Sends a request through a function's binary.
///
/// # Panics
///
/// As [`event`] and [`response`].
pub async fn call(
    function: &Function,
    route: &str,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, FunctionError> {
    function.invoke(&event(route, request)).await.map(|answer| response(&answer))
}

/// The event for a request that came in by this route, such as `GET /contacts/{id}` or `$default`.
///
/// # Panics
///
/// When the request's path doesn't fit the route.
pub fn event(route: &str, request: &Request<Bytes>) -> Value {
    let (method, uri) = (request.method().as_str(), request.uri());
    let headers = joined(request.headers());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let cookies: Vec<&str> =
        request.headers().get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok()).collect();
    let text = is_text(&headers).then(|| std::str::from_utf8(request.body()).ok()).flatten();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": uri.path(),
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent").map_or("", String::as_str),
            },
            "requestId": Uuid::now_v7(),
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": u64::try_from(now.as_millis()).expect("milliseconds since 1970 fit 64 bits"),
        },
        "isBase64Encoded": text.is_none() && !request.body().is_empty(),
    });
    let members = event.as_object_mut().expect("the event is an object");
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if !cookies.is_empty() {
        add("cookies", json!(cookies));
    }
    if let Some(query) = uri.query() {
        add("queryStringParameters", json!(query_parameters(query)));
    }
    let path_parameters = path_parameters(route, uri.path());
    if !path_parameters.is_empty() {
        add("pathParameters", Value::Object(path_parameters));
    }
    if !request.body().is_empty() {
        add("body", text.map_or_else(|| json!(BASE64.encode(request.body())), |text| json!(text)));
    }
    event
}

/// The response that a function's answer stands for. Only what payload version 2.0 knows is taken: `multiValueHeaders`,
/// which the functions' runtime writes too, does not reach the client.
///
/// # Panics
///
/// When the answer isn't one that API Gateway would take; it would answer 500 to the client.
pub fn response(answer: &Value) -> Response<Bytes> {
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let mut response =
        Response::builder().status(status.unwrap_or_else(|| panic!("an answer without a status: {answer}")));
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap_or_default());
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        response = response.header(header::SET_COOKIE, cookie.as_str().unwrap_or_default());
    }
    let text = answer["body"].as_str().unwrap_or_default();
    let body = if answer["isBase64Encoded"] == true {
        Bytes::from(BASE64.decode(text).unwrap_or_else(|error| panic!("a body that isn't base64 ({error}): {text}")))
    } else {
        Bytes::from(text.to_owned())
    };
    response.body(body).unwrap_or_else(|error| panic!("not an HTTP response ({error}): {answer}"))
}

/// Repeated headers arrive as one, joined by commas; cookies have a member of their own.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != header::COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        append(&mut joined, name.as_str(), &value);
    }
    joined
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        append(&mut parameters, &name, &value);
    }
    parameters
}

fn append(map: &mut BTreeMap<String, String>, name: &str, value: &str) {
    map.entry(name.to_owned())
        .and_modify(|all| {
            all.push(',');
            all.push_str(value);
        })
        .or_insert_with(|| value.to_owned());
}

/// Text comes as it is, everything else as base64.
fn is_text(headers: &BTreeMap<String, String>) -> bool {
    let media_type = headers.get("content-type").map_or("", |value| value.split(';').next().unwrap_or_default().trim());
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || ["application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded"]
            .contains(&media_type)
}

fn path_parameters(route: &str, path: &str) -> Map<String, Value> {
    let Some((_, pattern)) = route.split_once(' ') else {
        return Map::new();
    };
    let (wanted, given): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    assert_eq!(wanted.len(), given.len(), "{path} does not fit the route {route}");
    let mut parameters = Map::new();
    for (wanted, given) in wanted.into_iter().zip(given) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                // The gateway decodes them.
                let decoded = percent_encoding::percent_decode_str(given).decode_utf8_lossy();
                parameters.insert(name.to_owned(), json!(decoded));
            }
            None => assert_eq!(wanted, given, "{path} does not fit the route {route}"),
        }
    }
    parameters
}
