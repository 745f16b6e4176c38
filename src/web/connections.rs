//! Connections: taken, served, cut off when they are slow, and ended in order.
//!
//! Invariant: whoever was accepted before the stop is answered or has not asked; a connection costs
//! bounded memory and ends in bounded time whatever the other side does.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::figures::Figures;
use super::site::Peer;

/// Connections at once; further ones wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 512;

/// A request's head must have come in this time, and a connection that asks nothing more is ended
/// after it.
const HEAD_WAITS: Duration = Duration::from_secs(10);

/// No connection lives longer, however much is asked on it.
const LIFE_MAX: Duration = Duration::from_secs(300);

/// How long a connection may take to end once it should. A request in hand has ten seconds.
const END_WAITS: Duration = Duration::from_secs(11);

/// A head of more bytes is refused with 431. Above 64 kB, so that an address too long is told so
/// (414) and not merely cut off.
const HEAD_LEN_MAX: usize = 128 * 1024;

/// So many header fields may a request have.
const HEADERS_MAX: usize = 100;

/// The pause after the kernel gave no connection, for want of descriptors as a rule.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves what comes in at `listener` until `stop` says so, then ends what is open.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    figures: Figures,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    listener
        .set_nonblocking(true)
        .context("cannot listen without blocking")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("cannot listen")?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        let accept = async {
            // The semaphore is never closed, so that there is always a place in the end.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = accept => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, stop, figures) = (router.clone(), stop.clone(), figures.clone());
        open.spawn(async move {
            figures.connections.inc();
            converse(stream, Peer(peer.ip()), router, stop).await;
            figures.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    while open.join_next().await.is_some() {}
    Ok(())
}

/// One connection from its first byte to its end.
async fn converse(stream: TcpStream, peer: Peer, router: Router, mut stop: watch::Receiver<bool>) {
    // An answer is one small packet: waiting for more to send with it only delays it.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAITS)
        .max_buf_size(HEAD_LEN_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let is_over = tokio::select! {
        _ = connection.as_mut() => true, // How it ended is the other side's affair.
        _ = stop.wait_for(|stop| *stop) => false,
        () = tokio::time::sleep(LIFE_MAX) => false,
    };
    if !is_over {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(END_WAITS, connection).await; // Cut off otherwise.
    }
}
