//! Where to listen: sockets that systemd hands over, else own ones.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, anyhow};
use listenfd::ListenFd;
use outreach::config::Serve;
use outreach::web::is_nearby;

use crate::exit::Failure;

/// Both sockets, listening, with what they are bound to.
pub struct Sockets {
    /// For everybody.
    pub public: TcpListener,
    /// Its address.
    pub public_address: SocketAddr,
    /// For health and figures.
    pub metrics: TcpListener,
    /// Its address.
    pub metrics_address: SocketAddr,
}

/// Takes the sockets of the socket unit, in its order, and binds what is left. Those of the unit
/// wait in the kernel while the program starts anew, so that no request is refused meanwhile.
pub fn listen(serve: &Serve) -> Result<Sockets, Failure> {
    let mut handed = ListenFd::from_env();
    let mut take = |n: usize, name: &str, address: SocketAddr| {
        let taken = handed.take_tcp_listener(n);
        let taken = taken.with_context(|| {
            format!("{name}: expected a TCP socket in place {n} of what systemd handed over")
        });
        match taken.map_err(Failure::config)? {
            Some(listener) => Ok(listener),
            None => bind(name, address),
        }
    };
    let public = take(0, "SERVE_ADDRESS", serve.address)?;
    let metrics = take(1, "SERVE_METRICS_ADDRESS", serve.metrics_address)?;
    let address = |listener: &TcpListener| listener.local_addr().context("a socket has no address");
    let metrics_address = address(&metrics)?;
    // Figures about leads and mails are not for strangers.
    if !is_nearby(metrics_address.ip()) {
        return Err(Failure::config(anyhow!(
            "SERVE_METRICS_ADDRESS: expected a loopback or private address such as \
             127.0.0.1:9464, found `{metrics_address}`, which strangers may reach"
        )));
    }
    Ok(Sockets {
        public_address: address(&public)?,
        metrics_address,
        public,
        metrics,
    })
}

fn bind(name: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let is_taken = error.kind() == ErrorKind::AddrInUse;
        let context = format!("{name}: cannot listen on `{address}`");
        match is_taken {
            true => Failure::again(anyhow!(
                "{context}: another process does; is `serve` running already?"
            )),
            false => Failure::config(anyhow::Error::new(error).context(context)),
        }
    })
}
