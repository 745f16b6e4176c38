//! Whether somebody answers at the addresses in our mails, as far as this machine can know.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::anyhow;
use outreach::config::Config;

use super::Finding;

/// It is this machine: an answer that takes longer is none.
const WAITS: Duration = Duration::from_secs(1);

/// Looks for `serve`; none where mails lead nowhere.
pub(super) fn check(config: &Config) -> Option<Finding> {
    let url = config.public_url.as_ref()?;
    let address = config.serve.address;
    Some(Finding {
        what: "serve",
        of: None,
        result: look(address).map(|()| {
            format!(
                "`serve` listens on {address}; whether `{url}` leads there from outside, only \
                 somebody outside can see: open it, and expect the page \"Nothing here\""
            )
        }),
    })
}

fn look(address: SocketAddr) -> anyhow::Result<()> {
    // Listening everywhere means here, too.
    let mut here = address;
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => here.set_ip([127, 0, 0, 1].into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => here.set_ip([127, 0, 0, 1].into()),
        _ => {}
    }
    TcpStream::connect_timeout(&here, WAITS)
        .map(drop)
        .map_err(|error| {
            anyhow!(
                "SERVE_ADDRESS: nothing answers on `{address}` ({error}), so whoever uses a way \
                 out of a mail gets nowhere; `systemctl enable --now outreach-serve.socket`, run \
                 `outreach serve`, or unset PUBLIC_URL as long as no mail has left with it"
            )
        })
}
