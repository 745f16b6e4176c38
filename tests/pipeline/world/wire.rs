//! A wire between the program and a server on loopback, which a test can cut and mend: the server
//! keeps its port and its state, but for the program it is down. It counts what goes over it, and can
//! break off in the middle of a conversation.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// The wire; it is gone when dropped.
pub struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    is_gone: AtomicBool,
    connections: AtomicU64,
    /// Bytes in both directions.
    bytes: AtomicU64,
    /// So many bytes of the server until the connection breaks off, once; 0 for never.
    breaks_in: AtomicU64,
}

impl Wire {
    /// A port that leads to another one of this machine.
    pub fn to(port: u16) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").expect("cannot bind a loopback port");
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let for_thread = Arc::clone(&state);
        thread::spawn(move || {
            for near in listener.incoming() {
                if for_thread.is_gone.load(Ordering::SeqCst) {
                    break;
                }
                // A connection over a cut wire ends at once; one that fails is the client's affair.
                if !for_thread.is_cut.load(Ordering::SeqCst) {
                    for_thread.connections.fetch_add(1, Ordering::SeqCst);
                    let far = TcpStream::connect(("127.0.0.1", port));
                    let _ = near.and_then(|near| join(near, far?, &for_thread));
                }
            }
        });
        Wire { address, state }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// New connections end at once from now on.
    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
    }

    pub fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }

    /// The connection breaks off, once, when the server has said so much more.
    pub fn break_in(&self, bytes: u64) {
        self.state.breaks_in.store(bytes, Ordering::SeqCst);
    }

    /// Connections and bytes since it was asked last.
    pub fn passed(&self) -> (u64, u64) {
        let taken = |count: &AtomicU64| count.swap(0, Ordering::SeqCst);
        (taken(&self.state.connections), taken(&self.state.bytes))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_gone.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Carries bytes both ways until each side has said all.
fn join(near: TcpStream, far: TcpStream, state: &Arc<State>) -> std::io::Result<()> {
    let directions = [
        (near.try_clone()?, far.try_clone()?, false),
        (far, near, true),
    ];
    for (mut from, mut to, is_server) in directions {
        let state = Arc::clone(state);
        thread::spawn(move || {
            let whole = carry(&mut from, &mut to, is_server, &state);
            let _ = match whole {
                true => to.shutdown(Shutdown::Write),
                false => to
                    .shutdown(Shutdown::Both)
                    .and(from.shutdown(Shutdown::Both)),
            };
        });
    }
    Ok(())
}

/// Whether a side has said all; otherwise the connection breaks off.
fn carry(from: &mut TcpStream, to: &mut TcpStream, is_server: bool, state: &State) -> bool {
    let mut bytes = [0; 16 << 10];
    loop {
        let Ok(n) = from.read(&mut bytes) else {
            return true;
        };
        let left = match is_server {
            true => state.breaks_in.load(Ordering::SeqCst),
            false => 0,
        };
        let breaks = left > 0 && n as u64 >= left;
        let n = if breaks { left as usize } else { n };
        state.bytes.fetch_add(n as u64, Ordering::SeqCst);
        if left > 0 {
            state.breaks_in.fetch_sub(n as u64, Ordering::SeqCst);
        }
        if n == 0 || to.write_all(&bytes[..n]).is_err() {
            return true;
        }
        if breaks {
            return false;
        }
    }
}
