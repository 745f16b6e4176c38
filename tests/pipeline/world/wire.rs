//! A wire between the program and a server on loopback, which a test can cut and mend: the server
//! keeps its port and its state, but for the program it is down.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
                    let _ =
                        near.and_then(|near| join(near, TcpStream::connect(("127.0.0.1", port))?));
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
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.is_gone.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// Carries bytes both ways until each side has said all.
fn join(near: TcpStream, far: TcpStream) -> io::Result<()> {
    let (mut near_in, mut far_in) = (near.try_clone()?, far.try_clone()?);
    let (mut near_out, mut far_out) = (near, far);
    let carry = |from: &mut TcpStream, to: &mut TcpStream| {
        let _ = io::copy(from, to);
        let _ = to.shutdown(Shutdown::Write);
    };
    thread::spawn(move || carry(&mut near_in, &mut far_out));
    thread::spawn(move || carry(&mut far_in, &mut near_out));
    Ok(())
}
