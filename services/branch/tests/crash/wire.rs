//! A way to the server on which commands are counted, and on which their sender is killed.

use crate::process::Victim;
use mongodb::bson::{RawBsonRef, RawDocument};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The opcode of everything but a first greeting.
const OP_MSG: i32 = 2013;
/// What the driver says by itself.
const SMALL_TALK: [&str; 7] =
    ["hello", "ismaster", "isMaster", "ping", "endSessions", "buildInfo", "killCursors"];

/// A way to the server.
pub struct Wire {
    pub address: String,
    log: Arc<watch::Sender<Log>>,
}

/// What has happened on it since [`Wire::arm`].
#[derive(Default)]
pub struct Log {
    /// The commands that were answered, in words: `update branches forking`.
    pub answered: Vec<String>,
    /// Whether the sender was killed.
    pub killed: bool,
    /// Whether a command waits that was to be held up.
    pub held: bool,
    victim: Option<(usize, Victim)>,
    hold: Option<&'static str>,
}

impl Log {
    /// How many of them have written. How many read in between is a matter of who comes first.
    pub fn writes(&self) -> usize {
        let reads = |command: &&String| ["find", "aggregate"].iter().any(|read| command.starts_with(read));
        self.answered.iter().filter(|command| !reads(command)).count()
    }

    /// Kills the sender if as many commands have written as it may see done.
    fn strike(&mut self) {
        let writes = self.writes();
        if let Some((_, victim)) = self.victim.take_if(|(last, _)| *last == writes) {
            victim.kill();
            self.killed = true;
        }
    }
}

impl Wire {
    /// A way to this server. It ends with the runtime.
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let log = Arc::new(watch::Sender::new(Log::default()));
        let shared = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, log) = (TcpStream::connect(&server).await.unwrap(), Arc::clone(&shared));
                tokio::spawn(connection(client, server, log));
            }
        });
        Self { address, log }
    }

    /// Lets this many commands through that write, from now on, and kills their sender when the last of them is done,
    /// before it learns of it. With none, the first command, whichever, does not reach the server.
    pub fn arm(&self, writes: usize, victim: Victim) {
        self.log.send_modify(|log| *log = Log { victim: Some((writes, victim)), ..Log::default() });
    }

    /// Forgets what was, for a process that is started anew.
    pub fn reset(&self) {
        self.log.send_modify(|log| *log = Log::default());
    }

    /// Holds up the next command of this name, until [`Wire::release`].
    pub fn hold(&self, command: &'static str) {
        self.log.send_modify(|log| log.hold = Some(command));
    }

    pub fn release(&self) {
        self.log.send_modify(|log| log.held = false);
    }

    /// Waits until something has happened.
    pub async fn wait(&self, happened: impl FnMut(&Log) -> bool) {
        drop(self.log.subscribe().wait_for(happened).await.unwrap());
    }

    /// What happened.
    pub fn log<T>(&self, tell: impl FnOnce(&Log) -> T) -> T {
        tell(&self.log.borrow())
    }
}

async fn connection(client: TcpStream, server: TcpStream, log: Arc<watch::Sender<Log>>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The command that is under way here, by the number of its message, and its name.
    let pending = Arc::new(Pending::default());
    tokio::select! {
        _ = questions(from_client, to_server, &pending, &log) => {}
        _ = answers(from_server, to_client, &pending, &log) => {}
    }
}

/// A driver sends nothing on a connection before it has the answer to what it has sent.
#[derive(Default)]
struct Pending {
    request: AtomicI32,
    name: std::sync::Mutex<String>,
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pending: &Pending,
    log: &watch::Sender<Log>,
) -> std::io::Result<()> {
    loop {
        let message = read(&mut from).await?;
        if let Some(name) = command(&message) {
            log.send_modify(|log| {
                log.strike();
                log.held |= log.hold.take_if(|hold| *hold == name).is_some();
            });
            // The sender may have been killed meanwhile: then the command was never sent.
            let mut released = log.subscribe();
            if released.wait_for(|log| log.killed || !log.held).await.unwrap().killed {
                return Ok(());
            }
            *pending.name.lock().unwrap() = name;
            pending.request.store(number(&message, 4), Ordering::SeqCst);
        }
        to.write_all(&message).await?;
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pending: &Pending,
    log: &watch::Sender<Log>,
) -> std::io::Result<()> {
    loop {
        let message = read(&mut from).await?;
        let asked = number(&message, 8);
        if pending.request.compare_exchange(asked, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            let name = std::mem::take(&mut *pending.name.lock().unwrap());
            log.send_modify(|log| {
                log.answered.push(name);
                log.strike();
            });
        }
        to.write_all(&message).await?;
    }
}

/// Reads a message with its header: length, number, number of the question, opcode.
async fn read(from: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; 16];
    from.read_exact(&mut message).await?;
    message.resize(usize::try_from(number(&message, 0)).unwrap(), 0);
    from.read_exact(&mut message[16..]).await?;
    Ok(message)
}

fn number(message: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(message[at..at + 4].try_into().unwrap())
}

/// The command of a message in words: its name, its collection, and the state of branches that it asks for.
fn command(message: &[u8]) -> Option<String> {
    if number(message, 12) != OP_MSG {
        return None;
    }
    // After the header and the flags, the kind of the first section: 0, the body.
    assert_eq!(message[20], 0);
    let length = usize::try_from(number(message, 21)).unwrap();
    let body = RawDocument::from_bytes(&message[21..21 + length]).unwrap();
    let (name, collection) = body.iter().next()?.unwrap();
    if SMALL_TALK.contains(&name.as_str()) {
        return None;
    }
    let first =
        |updates: &RawDocument| updates.get_document("q").ok()?.get_str("state").ok().map(str::to_owned);
    let state = match (body.get_document("filter"), body.get_array("updates")) {
        (Ok(filter), _) => filter.get_str("state").ok().map(str::to_owned),
        (_, Ok(updates)) => updates.get_document(0).ok().and_then(first),
        _ => None,
    };
    let collection = match collection {
        RawBsonRef::String(collection) => Some(collection.to_owned()),
        _ => None,
    };
    // Of the migrations, and of previews that are filled in: no operation waits for them.
    if collection.as_deref() == Some("schema") {
        return None;
    }
    Some(
        [Some(name.as_str().to_owned()), collection, state]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
    )
}
