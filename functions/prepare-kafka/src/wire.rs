//! A connection to a broker (<https://kafka.apache.org/protocol>): one request, then its answer.

use std::sync::Arc;
use std::time::Duration;

use aws_msk_iam_sasl_signer::generate_auth_token_from_credentials_provider;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use crosswalk::config::aws;
use crosswalk::error::Cause;
use crosswalk::{Error, Result};
use kafka_protocol::messages::{RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::settings::Auth;

/// How long connecting, and each answer, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// No answer to what is asked here is nearly so large: whatever says so speaks another protocol.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// In characters.
const LONGEST_STATUS: usize = 200;

const HANDSHAKE: i16 = 1;
const AUTHENTICATE: i16 = 1;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A broker that knows us.
pub struct Broker(Box<dyn Stream>);

impl Broker {
    /// Connects to the first that answers of `host:port`, separated by commas.
    pub async fn any_of(brokers: &str, auth: Auth) -> Result<Self> {
        let mut last = away("no broker is named");
        for address in brokers.split(',').map(str::trim) {
            match timeout(PATIENCE, Self::connect(address, auth)).await {
                Ok(Ok(broker)) => return Ok(broker),
                Ok(Err(error)) => last = error,
                Err(elapsed) => last = away(format!("{address}: {elapsed}")),
            }
        }
        Err(last)
    }

    /// Asks, and waits for the answer.
    pub async fn ask<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response> {
        let mut body = BytesMut::new();
        let client = Some(StrBytes::from_static_str("crosswalk-prepare-kafka"));
        let header = RequestHeader::default().with_request_api_key(R::KEY).with_request_api_version(version);
        header.with_client_id(client).encode(&mut body, R::header_version(version)).map_err(foreign)?;
        request.encode(&mut body, version).map_err(foreign)?;
        let mut answer = timeout(PATIENCE, self.exchange(&body)).await.map_err(away)??;
        ResponseHeader::decode(&mut answer, R::Response::header_version(version)).map_err(foreign)?;
        R::Response::decode(&mut answer, version).map_err(foreign)
    }

    async fn exchange(&mut self, body: &[u8]) -> Result<Bytes> {
        let length = i32::try_from(body.len()).map_err(|error| Error::internal("speak to Kafka", error))?;
        let mut frame = BytesMut::with_capacity(body.len() + 4);
        frame.put_i32(length);
        frame.put_slice(body);
        self.0.write_all(&frame).await.map_err(away)?;
        let mut length = [0; 4];
        self.0.read_exact(&mut length).await.map_err(away)?;
        let length = usize::try_from((&length[..]).get_i32()).unwrap_or(usize::MAX);
        if length > LARGEST_ANSWER {
            return Err(away("the answer is none of Kafka's"));
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await.map_err(away)?;
        Ok(answer.into())
    }

    async fn connect(address: &str, auth: Auth) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(|error| away(format!("{address}: {error}")))?;
        if auth == Auth::None {
            return Ok(Self(Box::new(stream)));
        }
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned();
        let host = ServerName::try_from(host).map_err(|error| Error::internal("name a broker", error))?;
        let encrypted = TlsConnector::from(Arc::new(trusting())).connect(host, stream).await;
        let mut broker = Self(Box::new(encrypted.map_err(|error| away(format!("{address}: {error}")))?));
        broker.log_in(&token().await?).await?;
        Ok(broker)
    }

    /// As the function's role: a request to connect, signed, in place of a password (RFC 7628).
    async fn log_in(&mut self, token: &str) -> Result<()> {
        let mechanism = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("OAUTHBEARER"));
        let chosen = self.ask(HANDSHAKE, &mechanism).await?;
        if chosen.error_code != 0 {
            return Err(Error::internal("log in to Kafka", "the cluster has no IAM access control"));
        }
        let message = format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}");
        let shown = self.ask(AUTHENTICATE, &SaslAuthenticateRequest::default().with_auth_bytes(message.into())).await?;
        if shown.error_code != 0 {
            let reason = shown.error_message.unwrap_or_default();
            return Err(refused(&format!("error {}: {reason}", shown.error_code)));
        }
        // A refused token is no error of the protocol: the answer has a JSON object in place of nothing (RFC 7628,
        // section 3.2.2). The broker waits for one more message and then closes the connection; closing it says the same.
        if !shown.auth_bytes.is_empty() {
            return Err(refused(&status(&shown.auth_bytes)));
        }
        Ok(())
    }
}

/// A permission that was given a moment ago may not be in force yet, so another attempt may succeed.
fn refused(reason: &str) -> Error {
    away(format!("the broker refused the IAM login: {reason}"))
}

/// The status that a refusal gives, such as `invalid_token`. The answer is the broker's: its length is bounded.
fn status(refusal: &[u8]) -> String {
    let status = serde_json::from_slice::<serde_json::Value>(refusal).ok();
    let status = status.as_ref().and_then(|refusal| refusal["status"].as_str()).unwrap_or("no status");
    status.chars().take(LONGEST_STATUS).collect()
}

async fn token() -> Result<String> {
    let sdk = Box::pin(aws()).await;
    let missing = |what| move || Error::internal("log in to Kafka", what);
    let region = sdk.region().cloned().ok_or_else(missing("no region: set AWS_REGION"))?;
    let credentials = sdk.credentials_provider().ok_or_else(missing("no source of AWS credentials is configured"))?;
    let signed = generate_auth_token_from_credentials_provider(region, credentials).await;
    signed.map(|(token, _)| token).map_err(|error| Error::internal("log in to Kafka", error.to_string()))
}

/// The system's authorities: Amazon MSK's certificates are public.
fn trusting() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn away(error: impl Into<Cause>) -> Error {
    Error::unavailable("Kafka", error)
}

fn foreign(error: impl Into<Cause>) -> Error {
    Error::internal("speak to Kafka", error)
}

#[cfg(test)]
mod tests {
    use super::{AUTHENTICATE, Broker, Error, HANDSHAKE, Result};
    use bytes::{Buf, BufMut, Bytes, BytesMut};
    use kafka_protocol::messages::{
        RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
        SaslHandshakeResponse,
    };
    use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    const TOKEN: &str = "the-token";

    async fn request<R: Request>(broker: &mut DuplexStream, version: i16) -> R {
        let mut length = [0; 4];
        broker.read_exact(&mut length).await.unwrap();
        let mut frame = vec![0; usize::try_from((&length[..]).get_i32()).unwrap()];
        broker.read_exact(&mut frame).await.unwrap();
        let mut frame = Bytes::from(frame);
        RequestHeader::decode(&mut frame, R::header_version(version)).unwrap();
        R::decode(&mut frame, version).unwrap()
    }

    async fn answer<R: Encodable + HeaderVersion>(broker: &mut DuplexStream, version: i16, response: &R) {
        let mut body = BytesMut::new();
        ResponseHeader::default().encode(&mut body, R::header_version(version)).unwrap();
        response.encode(&mut body, version).unwrap();
        let mut frame = BytesMut::new();
        frame.put_i32(i32::try_from(body.len()).unwrap());
        frame.put_slice(&body);
        broker.write_all(&frame).await.unwrap();
    }

    /// Logs in to a broker that answers the token with these bytes.
    async fn log_in(shown: &'static str) -> Result<()> {
        let (ours, mut broker) = tokio::io::duplex(64 * 1024);
        let serve = async move {
            let chosen: SaslHandshakeRequest = request(&mut broker, HANDSHAKE).await;
            assert_eq!(chosen.mechanism.as_str(), "OAUTHBEARER");
            answer(&mut broker, HANDSHAKE, &SaslHandshakeResponse::default()).await;
            let given: SaslAuthenticateRequest = request(&mut broker, AUTHENTICATE).await;
            assert_eq!(given.auth_bytes, format!("n,,\u{1}auth=Bearer {TOKEN}\u{1}\u{1}"));
            let response = SaslAuthenticateResponse::default().with_auth_bytes(Bytes::from(shown));
            answer(&mut broker, AUTHENTICATE, &response).await;
            broker
        };
        let mut client = Broker(Box::new(ours));
        tokio::join!(client.log_in(TOKEN), serve).0
    }

    #[tokio::test]
    async fn empty_answer_to_the_token_is_a_successful_login() {
        log_in("").await.unwrap();
    }

    #[tokio::test]
    async fn refused_token_is_reported_with_the_status_and_without_the_token() {
        let refusals = [
            (r#"{"status":"invalid_token","scope":"kafka"}"#, "invalid_token".to_owned()),
            ("not JSON", "no status".to_owned()),
        ];
        for (shown, expected) in refusals {
            let error = log_in(shown).await.unwrap_err();
            assert!(matches!(error, Error::Unavailable { .. }), "a permission may still spread: {}", error.chain());
            assert!(error.chain().ends_with(&format!("refused the IAM login: {expected}")), "{}", error.chain());
            assert!(!error.chain().contains(TOKEN), "{}", error.chain());
        }
    }

    #[tokio::test]
    async fn status_of_a_refusal_is_bounded() {
        let long = format!(r#"{{"status":"{}"}}"#, "x".repeat(5_000));
        let error = log_in(Box::leak(long.into_boxed_str())).await.unwrap_err();
        assert!(error.chain().len() < 400, "{}", error.chain().len());
    }
}
