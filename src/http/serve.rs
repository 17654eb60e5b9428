//! The server under the application. Put together here of what `HttpServer` is made of, for the sake of what it cannot be
//! given: connections of our own, which end when their clients are slow.

use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Request};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Server, Service, ServiceFactory, fn_service};
use actix_web::rt::net::ActixStream;
use rustls::ServerConfig;

use connection::{Connection, Requests};

pub mod connection;
pub mod patience;

/// How a server deals with its clients.
pub struct Manners {
    pub workers: usize,
    /// At a time, of all workers together; further ones wait to be accepted.
    pub connections: usize,
    pub patience: Duration,
    /// With a certificate nothing else is spoken than TLS.
    pub tls: Option<ServerConfig>,
    /// Whether signals stop it; one server of a program will do.
    pub signals: bool,
}

/// A client whose connection's bytes can be read: as they came, or out of TLS.
trait Client: ActixStream + 'static {
    fn connection(&self) -> &Connection;
}

impl Client for Connection {
    fn connection(&self) -> &Connection {
        self
    }
}

impl Client for TlsStream<Connection> {
    fn connection(&self) -> &Connection {
        self.get_ref().0
    }
}

/// Serves on a listener, with an application of its own for each worker.
///
/// # Errors
/// The listener cannot be served from.
pub fn serve<F, I, S, B>(listener: TcpListener, manners: Manners, app: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let Manners { workers, connections, patience, tls, signals } = manners;
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections((connections / workers).max(1))
        .shutdown_timeout(10);
    let server = if signals { server } else { server.disable_signals() };
    let stop = server.graceful_shutdown_signal();
    let server = match tls {
        None => server.listen("http", listener, move || {
            fn_service(move |stream| async move { Ok(known(Connection::new(stream, patience))) })
                .and_then(http(app(), stop.clone()))
        }),
        Some(config) => server.listen("https", listener, move || {
            fn_service(move |stream| async move { Ok(Connection::new(stream, patience)) })
                .and_then(Acceptor::new(config.clone()))
                .map_err(|_| ())
                .and_then(fn_service(|stream| async { Ok(known(stream)) }))
                .and_then(http(app(), stop.clone()).map_err(|_| ()))
        }),
    };
    Ok(server?.run())
}

/// With the address at its other end.
fn known<T: Client>(client: T) -> (T, Option<SocketAddr>) {
    let peer = client.connection().peer();
    (client, peer)
}

/// HTTP/1.1 over clients of one sort.
fn http<T, I, S, B>(
    app: I,
    stop: GracefulShutdownSignal,
) -> impl ServiceFactory<(T, Option<SocketAddr>), Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    T: Client,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let app = app.into_factory().map_err(|error| error.into().error_response());
    HttpService::build()
        .client_request_timeout(Duration::from_secs(10))
        // Whoever is refused in the midst of sending is left time to read so, or all they see is a broken connection.
        .client_disconnect_timeout(Duration::from_secs(5))
        .graceful_shutdown_signal(move || {
            let stop = stop.clone();
            async move { stop.notified().await }
        })
        .on_connect_ext(|client: &T, data| {
            data.insert::<Requests>(client.connection().requests().clone());
        })
        .h1(map_config(app, |()| AppConfig::default()))
}
