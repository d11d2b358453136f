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
        broker.log_in().await?;
        Ok(broker)
    }

    /// As the function's role: a request to connect, signed, in place of a password (RFC 7628).
    async fn log_in(&mut self) -> Result<()> {
        let mechanism = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("OAUTHBEARER"));
        let chosen = self.ask(HANDSHAKE, &mechanism).await?;
        if chosen.error_code != 0 {
            return Err(Error::internal("log in to Kafka", "the cluster has no IAM access control"));
        }
        let message = format!("n,,\u{1}auth=Bearer {}\u{1}\u{1}", token().await?);
        let shown = self.ask(AUTHENTICATE, &SaslAuthenticateRequest::default().with_auth_bytes(message.into())).await?;
        if shown.error_code != 0 {
            let reason = shown.error_message.unwrap_or_default();
            return Err(Error::internal("log in to Kafka", format!("error {}: {reason}", shown.error_code)));
        }
        Ok(())
    }
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
