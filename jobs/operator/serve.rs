//! serve: answers what the addresses in our mails ask for, until it is told to end.

mod keeper;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use outreach::clock::Clock;
use outreach::config::Config;
use outreach::ledger::Ledger;
use outreach::web::{self, Figures, Health, Queue, Site, Watch};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use url::Url;

use super::open;
use crate::exit::{Exit, Failure};
use keeper::Keeper;

/// Requests that may wait for the ledger at once; more than there can be connections.
const PLACES: usize = 1_024;

/// How often clients that were not seen lately are forgotten.
const FORGETS_EVERY: Duration = Duration::from_secs(60);

/// Runs the command.
pub async fn run(config: &Config, clock: Clock) -> Result<Exit, Failure> {
    let public_url = public_url(config)?;
    let stop = stop_on_signals()?;
    let sockets = sockets::listen(&config.serve)?;
    let mut ledger = open(config, clock)?;
    let (keys, keys_read) = watch::channel(ledger.signing_keys(clock.now())?);
    let figures = Figures::default();
    let health = Arc::new(Health::default());
    let (queue, work) = Queue::new(PLACES, figures.clone());
    let keeper = Keeper {
        ledger,
        keys,
        figures: figures.clone(),
        health: Arc::clone(&health),
        clock,
    };
    let keeper = std::thread::Builder::new()
        .name("ledger".to_string())
        .spawn(move || keeper.run(&work))
        .context("cannot start a thread")?;
    let ledger_path = config.ledger_path.clone();
    let watch = Watch {
        figures: figures.clone(),
        health,
        pulse: Box::new(move |now| Ledger::open_to_read(&ledger_path, now)?.pulse(now)),
        clock,
    };
    let site = Site::new(public_url, keys_read, queue, figures.clone(), clock);
    say!(
        "serving {public_url} on {}, health and figures on {}",
        sockets.public_address,
        sockets.metrics_address
    );
    let forgetting = async {
        loop {
            tokio::time::sleep(FORGETS_EVERY).await;
            site.forget_clients();
        }
    };
    let serving = async {
        let public = web::serve(sockets.public, site.router(), figures.clone(), stop.clone());
        // Not among the figures: whoever reads them would count himself.
        let metrics = web::serve(sockets.metrics, watch.router(), Figures::default(), stop);
        tokio::try_join!(public, metrics)
    };
    let served = tokio::select! {
        served = serving => served.map(|_| ()),
        () = forgetting => Ok(()),
    };
    drop(site); // The last end of the queue: the keeper does what is left in it and ends.
    let kept = keeper.join();
    served?;
    kept.map_err(|_| anyhow!("the thread that holds the ledger failed"))?;
    say!("ended");
    Ok(Exit::Done)
}

fn public_url(config: &Config) -> Result<&Url, Failure> {
    config.public_url.as_ref().ok_or_else(|| {
        Failure::config(anyhow!(
            "PUBLIC_URL: expected the https address under which this program is reached from \
             outside, found nothing; set it, or leave `serve` off: without it mails hold no \
             addresses that lead here"
        ))
    })
}

/// Turns true at SIGTERM or SIGINT. A second one ends the process at once: a person who asks twice
/// means it, and what was answered is kept.
fn stop_on_signals() -> anyhow::Result<watch::Receiver<bool>> {
    let cannot = "cannot listen for signals";
    let mut terminate = signal(SignalKind::terminate()).context(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).context(cannot)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        for nth in [1, 2] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if nth == 2 {
                std::process::exit(130);
            }
            let _ = sender.send(true); // Nobody listens any more: it is ending anyway.
        }
    });
    Ok(receiver)
}
