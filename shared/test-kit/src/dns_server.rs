//! A DNS server for one test, whose records can be changed while it runs. Their TTL is 600 s, as that of Docker's DNS server.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const TTL_SECONDS: u32 = 600;

/// The longest response over UDP (RFC 1035, 4.2.1); a longer one is truncated, and repeated over TCP.
const MAX_UDP_BYTES: usize = 512;

/// A DNS server that runs until it is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Zone>,
    serving: [JoinHandle<io::Result<()>>; 2],
}

#[derive(Debug, Default)]
struct Zone {
    names: Mutex<HashMap<String, Entry>>,
    /// The number of queries for each name.
    queries: watch::Sender<HashMap<String, usize>>,
    tcp_queries: AtomicUsize,
}

#[derive(Debug)]
enum Entry {
    Addresses(Vec<IpAddr>),
    Failure,
}

impl DnsServer {
    /// Starts a server without names.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let zone = Arc::<Zone>::default();
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = tcp.local_addr().expect("an address");
        let udp = UdpSocket::bind(address).await.expect("the same port for UDP");
        let serving = [
            tokio::spawn(serve_udp(udp, Arc::clone(&zone))),
            tokio::spawn(serve_tcp(tcp, Arc::clone(&zone))),
        ];
        Self { address, zone, serving }
    }

    /// The address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the addresses of a name.
    pub fn set(&self, name: &str, addresses: &[IpAddr]) {
        self.zone.write(name, Some(Entry::Addresses(addresses.to_vec())));
    }

    /// Removes a name: queries get NXDOMAIN.
    pub fn remove(&self, name: &str) {
        self.zone.write(name, None);
    }

    /// Has queries for a name fail with SERVFAIL.
    pub fn fail(&self, name: &str) {
        self.zone.write(name, Some(Entry::Failure));
    }

    /// Waits for `more` further queries for a name. A look-up of IPv4 and IPv6 addresses has two.
    ///
    /// # Panics
    /// Never: the counter lives as long as the server.
    pub fn wait_for_queries(&self, name: &str, more: usize) -> impl Future<Output = ()> + use<> {
        let mut queries = self.zone.queries.subscribe();
        let name = name.to_owned();
        let count = move |queries: &HashMap<String, usize>| queries.get(&name).copied().unwrap_or_default();
        let goal = count(&queries.borrow_and_update()) + more;
        async move {
            queries.wait_for(|queries| count(queries) >= goal).await.expect("it is counted");
        }
    }

    /// The number of queries over TCP.
    pub fn tcp_queries(&self) -> usize {
        self.zone.tcp_queries.load(Ordering::SeqCst)
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn serve_udp(socket: UdpSocket, zone: Arc<Zone>) -> io::Result<()> {
    let mut buffer = [0; 1500];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await?;
        let answer = zone.answer(&buffer[..length]);
        let whole = bytes(&answer);
        let fits = whole.len() <= MAX_UDP_BYTES;
        socket.send_to(&if fits { whole } else { bytes(&answer.truncate()) }, from).await?;
    }
}

async fn serve_tcp(listener: TcpListener, zone: Arc<Zone>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve_connection(stream, Arc::clone(&zone)));
    }
}

/// Serves a TCP connection, on which each message follows its length (RFC 1035, 4.2.2).
async fn serve_connection(mut stream: TcpStream, zone: Arc<Zone>) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        zone.tcp_queries.fetch_add(1, Ordering::SeqCst);
        let answer = bytes(&zone.answer(&question));
        stream.write_u16(u16::try_from(answer.len()).expect("an answer of the tests is short")).await?;
        stream.write_all(&answer).await?;
    }
}

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("a message")
}

impl Zone {
    fn write(&self, name: &str, entry: Option<Entry>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match entry {
            Some(entry) => names.insert(name.to_owned(), entry),
            None => names.remove(name),
        };
    }

    fn answer(&self, question: &[u8]) -> Message {
        let question = Message::from_vec(question).expect("a question");
        let [query] = question.queries.as_slice() else { panic!("one question at a time") };
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.add_query(query.clone());
        answer.metadata.recursion_available = true;
        let name = query.name.to_string().trim_end_matches('.').to_ascii_lowercase();
        match self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&name) {
            None => answer.metadata.response_code = ResponseCode::NXDomain,
            Some(Entry::Failure) => answer.metadata.response_code = ResponseCode::ServFail,
            Some(Entry::Addresses(addresses)) => {
                let records = addresses.iter().map(|&address| RData::from(address));
                let records = records.filter(|data| data.record_type() == query.query_type);
                answer.add_answers(
                    records.map(|data| Record::from_rdata(query.name.clone(), TTL_SECONDS, data)),
                );
            }
        }
        self.queries.send_modify(|queries| *queries.entry(name).or_default() += 1);
        answer
    }
}
