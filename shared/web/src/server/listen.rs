//! Where a service listens.
//!
//! The port is taken before anything else is begun, so that one that is not to be had is told before a database is waited
//! for or migrated. It is listened on when the service serves: until then who connects is refused, and not left waiting.

use shared::env::{ConfigError, Env};
use shared::error::StartError;
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;

/// How many connections may wait in the kernel to be accepted; the kernel has a maximum of its own (`net.core.somaxconn`). The
/// standard library has 128, which a crowd that comes at once, or one beyond the limit of connections, does not fit into.
const LISTEN_BACKLOG: i32 = 1024;
/// The setting of a service by itself.
const LISTEN_ADDR: &str = "LISTEN_ADDR";

/// Where a service listens.
#[derive(Debug, Clone)]
pub enum Listen {
    /// An address and a port; port 0 takes a free one.
    Address(String),
    /// A socket that is bound already, for who has to know the port before the service is built.
    Bound(Arc<TcpListener>),
}

impl Listen {
    /// The address of `LISTEN_ADDR`.
    pub fn from_env(env: &Env, default: &str) -> Result<Self, ConfigError> {
        Self::parse(LISTEN_ADDR, env.get(LISTEN_ADDR).unwrap_or(default), default)
    }

    /// Reads an address and a port, or a port alone, which goes with the host of `default`. The error names `setting`.
    pub fn parse(setting: &str, text: &str, default: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        if text.parse::<u16>().is_ok() {
            let host = default.rsplit_once(':').map_or(default, |(host, _)| host);
            return Ok(Self::Address(format!("{host}:{text}")));
        }
        if text.parse::<SocketAddr>().is_ok() || is_name_and_port(text) {
            return Ok(Self::Address(text.to_owned()));
        }
        let problem = format!("{text:?} is no address with a port; expected {}", expected(default));
        Err(ConfigError::new(setting, problem))
    }

    /// Takes the port of `LISTEN_ADDR`.
    pub fn bind(&self) -> Result<Self, StartError> {
        self.bind_as(LISTEN_ADDR)
    }

    /// Takes the port of an address. The error names `setting`.
    pub fn bind_as(&self, setting: &str) -> Result<Self, StartError> {
        self.socket(setting).map(Self::Bound)
    }

    fn socket(&self, setting: &str) -> Result<Arc<TcpListener>, StartError> {
        let address = match self {
            Self::Address(address) => address,
            Self::Bound(listener) => return Ok(Arc::clone(listener)),
        };
        bind(address).map(Arc::new).map_err(|error| {
            let problem = format!("cannot listen on {address}: {error}; expected {}", expected(address));
            ConfigError::new(setting, problem).into()
        })
    }

    /// What `/readyz` is asked at, from this machine. A name is left to who connects.
    pub(super) fn on_this_machine(&self) -> Result<String, StartError> {
        let address = match self {
            Self::Address(address) => address.clone(),
            Self::Bound(listener) => listener.local_addr().map_err(not_listening)?.to_string(),
        };
        Ok(match address.parse::<SocketAddr>() {
            Ok(SocketAddr::V4(any)) if any.ip().is_unspecified() => format!("127.0.0.1:{}", any.port()),
            Ok(SocketAddr::V6(any)) if any.ip().is_unspecified() => format!("[::1]:{}", any.port()),
            _ => address,
        })
    }

    /// The socket, which clients can connect to from now on.
    pub(super) fn listener(&self) -> Result<TcpListener, StartError> {
        let listener = self.socket(LISTEN_ADDR)?.try_clone().map_err(not_listening)?;
        SockRef::from(&listener).listen(LISTEN_BACKLOG).map_err(not_listening)?;
        Ok(listener)
    }
}

impl From<&str> for Listen {
    fn from(address: &str) -> Self {
        Self::Address(address.to_owned())
    }
}

pub(super) fn not_listening(error: io::Error) -> StartError {
    StartError::Io("cannot listen".to_owned(), error)
}

fn expected(example: &str) -> String {
    format!("an address and a port that is free, such as {example}, or a port alone")
}

fn is_name_and_port(text: &str) -> bool {
    let Some((name, port)) = text.rsplit_once(':') else { return false };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    is_name && port.parse::<u16>().is_ok()
}

/// Binds the first of the addresses that can be had.
fn bind(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match bind_one(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// As the standard library binds, but for the listening.
fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    fn parse(text: &str) -> Result<String, String> {
        match Listen::parse("LISTEN_ADDR", text, "0.0.0.0:8000") {
            Ok(Listen::Address(address)) => Ok(address),
            other => Err(other.unwrap_err().to_string()),
        }
    }

    #[test]
    fn an_address_has_a_port_and_a_port_alone_goes_with_the_host_of_the_default() {
        for (text, address) in [
            ("9000", "0.0.0.0:9000"),
            (" 0 ", "0.0.0.0:0"),
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("[::1]:8000", "[::1]:8000"),
            ("localhost:8000", "localhost:8000"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(address), "{text}");
        }
        for wrong in
            ["", "127.0.0.1", "localhost", "::1", ":8000", "127.0.0.1:65536", "65536", "-1", "http://a:1"]
        {
            let line = parse(wrong).unwrap_err();
            assert!(
                line.starts_with("LISTEN_ADDR: ") && line.contains("expected an address and a port"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_port_that_is_taken_is_told_with_the_name_of_the_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let line = Listen::from(address.as_str()).bind_as("--listen").unwrap_err().to_string();
        assert!(line.starts_with(&format!("--listen: cannot listen on {address}: ")), "{line}");
        assert!(line.contains("expected an address and a port that is free"), "{line}");
    }

    #[test]
    fn who_connects_is_refused_until_it_is_listened_on() {
        let bound = Listen::from("127.0.0.1:0").bind().unwrap();
        let address = bound.on_this_machine().unwrap();
        assert_eq!(TcpStream::connect(&address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let _listener = bound.listener().unwrap();
        TcpStream::connect(&address).unwrap();
    }
}
