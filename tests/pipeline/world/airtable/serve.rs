//! The connections: a thread for each, which ends with the base.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};

use super::base::Base;
use super::fault::Fault;
use super::{HTML, http};

/// The port that is listened on.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_ending: AtomicBool,
    n_connections: AtomicU64,
    open: Mutex<Vec<Weak<TcpStream>>>,
}

impl Server {
    pub fn start(base: Arc<Mutex<Base>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let for_thread = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.is_ending.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let stream = Arc::new(stream);
                for_thread.n_connections.fetch_add(1, Ordering::SeqCst);
                let mut open = for_thread.open.lock().unwrap();
                open.retain(|stream| stream.strong_count() > 0);
                open.push(Arc::downgrade(&stream));
                drop(open);
                let base = Arc::clone(&base);
                // A client that hangs up is its own affair.
                thread::spawn(move || drop(serve(&base, &stream)));
            }
        });
        Server {
            address,
            state,
            thread: Some(thread),
        }
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.state.n_connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.is_ending.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let open = self.state.open.lock().unwrap();
        for stream in open.iter().filter_map(Weak::upgrade) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Answers the calls of a connection until either side ends it.
fn serve(base: &Mutex<Base>, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(request) = http::read(stream)? {
        let (answer, fault) = base.lock().unwrap().take(&request);
        if matches!(fault, Some(Fault::ResetBefore)) {
            return Ok(());
        }
        http::taken(stream)?;
        match fault {
            Some(Fault::HangUpAfter) => return Ok(()),
            Some(Fault::Silence) => return http::wait_for_hang_up(stream),
            Some(Fault::CutJson) => http::write(stream, &answer.cut())?,
            Some(Fault::HtmlAfter) => http::write(stream, &http::Answer::raw(502, HTML))?,
            _ => http::write(stream, &answer)?,
        }
    }
    Ok(())
}
