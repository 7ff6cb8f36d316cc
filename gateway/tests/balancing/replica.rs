//! A replica that a test plays on an address of its own: it counts requests, and can be told to fail.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a replica does with a request that it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Answers.
    Fine,
    /// Answers 503 to everything: what it needs is down.
    Unwell,
    /// Ends the connection.
    HangsUp,
    /// Says nothing until it has another mode.
    Silent,
    /// Answers, and ends the connection without a word of that.
    AnswersAndCloses,
    /// Answers, says that the connection ends, and ends it.
    Closes,
    /// Answers with HTTP/1.0, whose connections end with the body.
    Http10,
    /// Answers with a head that is longer than the gateway takes.
    LongHead,
}

/// A request that a replica has read, in other words: carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub id: String,
    pub body: String,
}

pub struct Replica {
    pub address: SocketAddr,
    state: Arc<State>,
    serving: Mutex<Option<JoinSet<()>>>,
}

struct State {
    name: String,
    mode: watch::Sender<Mode>,
    seen: watch::Sender<Vec<Seen>>,
    open: watch::Sender<usize>,
    takes_connections: AtomicBool,
}

impl Replica {
    /// Starts on an address; port 0 takes a free one.
    pub async fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            name: address.to_string(),
            mode: watch::Sender::new(Mode::Fine),
            seen: watch::Sender::default(),
            open: watch::Sender::default(),
            takes_connections: AtomicBool::new(true),
        };
        let replica = Self { address, state: Arc::new(state), serving: Mutex::default() };
        replica.serve(listener);
        replica
    }

    fn serve(&self, listener: TcpListener) {
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&self.state)));
        *self.serving.lock().unwrap() = Some(serving);
    }

    /// Ends as a process that is killed: nobody listens, and connections break.
    pub async fn die(&self) {
        let serving = self.serving.lock().unwrap().take();
        serving.unwrap().shutdown().await;
        self.state.open.send_replace(0);
    }

    /// Starts again on the same address.
    pub async fn revive(&self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    pub fn set(&self, mode: Mode) {
        self.state.mode.send_replace(mode);
    }

    /// Takes no new connections, and ends those that there are with their next answer.
    pub async fn drain(&self) {
        self.set(Mode::Closes);
        self.state.takes_connections.store(false, Ordering::SeqCst);
        // It waits for one to come: the last that gets in.
        drop(TcpStream::connect(self.address).await);
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// How many requests it has read.
    pub fn count(&self) -> usize {
        self.state.seen.borrow().len()
    }

    /// All requests that it has read.
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.borrow().clone()
    }

    /// Waits until the replica has read this many requests.
    pub async fn wait_for_requests(&self, count: usize) {
        self.state.seen.subscribe().wait_for(|seen| seen.len() >= count).await.unwrap();
    }

    /// Waits until no connection is open.
    pub async fn wait_for_disconnect(&self) {
        self.state.open.subscribe().wait_for(|&open| open == 0).await.unwrap();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while state.takes_connections.load(Ordering::SeqCst) {
        let (stream, _) = listener.accept().await.unwrap();
        let state = Arc::clone(&state);
        connections.spawn(async move {
            state.open.send_modify(|open| *open += 1);
            let open = state.open.clone();
            serve(stream, &state).await;
            open.send_modify(|open| *open -= 1);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, state: &State) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream).await {
        let is_own = matches!(request.path.as_str(), "/livez" | "/readyz");
        if !is_own {
            state.seen.send_modify(|seen| seen.push(request.seen.clone()));
        }
        let mode = *state.mode.subscribe().wait_for(|mode| *mode != Mode::Silent).await.unwrap();
        let status = match mode {
            Mode::HangsUp if !is_own => return,
            Mode::Unwell => "503 Service Unavailable",
            _ => "200 OK",
        };
        let (version, rest) = match mode {
            Mode::Closes => ("1.1", "Connection: close\r\nContent-Length: 4\r\n"),
            Mode::Http10 => ("1.0", ""),
            _ => ("1.1", "Content-Length: 4\r\n"),
        };
        let name = &state.name;
        let long = if mode == Mode::LongHead {
            format!("X-Long: {}\r\n", "y".repeat(0x1_0000))
        } else {
            String::new()
        };
        let answer = format!("HTTP/{version} {status}\r\nX-Replica: {name}\r\n{long}{rest}\r\nfine");
        let ends = match mode {
            Mode::Closes | Mode::Http10 => true,
            Mode::AnswersAndCloses if !is_own => true,
            _ => request.is_last,
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || ends {
            return;
        }
    }
}

struct Request {
    path: String,
    seen: Seen,
    is_last: bool,
}

impl Request {
    /// `None` where the connection ends before it is complete.
    async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let line = line(stream).await?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = HashMap::new();
        loop {
            let line = self::line(stream).await?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let id = headers.get("x-request-id").cloned().unwrap_or_default();
        let is_last = headers.get("connection").is_some_and(|value| value == "close");
        Some(Self { path, seen: Seen { method, id, body: String::from_utf8(body).unwrap() }, is_last })
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
