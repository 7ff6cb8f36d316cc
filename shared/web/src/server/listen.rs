//! The listening socket of a service.
//!
//! It is bound before anything else is started, so that a port in use is reported before a database is waited for or migrated. It
//! listens once the service serves: until then connections are refused, and do not wait.

use shared::env::{ConfigError, Env};
use shared::error::StartError;
use socket2::{Domain, SockRef, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;

/// The listen backlog, of which the kernel has a maximum of its own (`net.core.somaxconn`). The standard library has 128, which is
/// too small for a burst of clients, or for those beyond the maximum of connections.
const LISTEN_BACKLOG: i32 = 1024;
/// The variable of a service.
const LISTEN_ADDR: &str = "LISTEN_ADDR";

/// The address or the socket that a service listens on.
#[derive(Debug, Clone)]
pub enum Listen {
    /// An address and a port; port 0 is a free one.
    Address(String),
    /// A bound socket, whose port is known before the service is built.
    Bound(Arc<TcpListener>),
}

impl Listen {
    /// The address of `LISTEN_ADDR`.
    pub fn from_env(env: &Env, default: &str) -> Result<Self, ConfigError> {
        Self::parse(LISTEN_ADDR, env.get(LISTEN_ADDR).unwrap_or(default), default)
    }

    /// Parses an address and a port, or a port alone on the host of `default`. The error names `setting`.
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

    /// Binds the address of `LISTEN_ADDR`.
    pub fn bind(&self) -> Result<Self, StartError> {
        self.bind_as(LISTEN_ADDR)
    }

    /// Binds the address. The error names `setting`.
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

    /// The address at which this machine reaches the service: loopback instead of an unspecified address.
    pub(crate) fn loopback_address(&self) -> Result<String, StartError> {
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

    /// The socket, listening.
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

/// Binds the first of the addresses that is available.
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

/// As `TcpListener::bind` of the standard library, without `listen`.
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
    fn an_address_needs_a_port_and_a_port_alone_takes_the_default_host() {
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
    fn a_port_in_use_is_an_error_that_names_the_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let line = Listen::from(address.as_str()).bind_as("--listen").unwrap_err().to_string();
        assert!(line.starts_with(&format!("--listen: cannot listen on {address}: ")), "{line}");
        assert!(line.contains("expected an address and a port that is free"), "{line}");
    }

    #[test]
    fn connections_are_refused_until_the_socket_listens() {
        let bound = Listen::from("127.0.0.1:0").bind().unwrap();
        let address = bound.loopback_address().unwrap();
        assert_eq!(TcpStream::connect(&address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let _listener = bound.listener().unwrap();
        TcpStream::connect(&address).unwrap();
    }

    #[test]
    fn the_health_check_uses_loopback_unless_the_service_listens_on_one_address() {
        let asked = |listen: &str| Listen::from(listen).loopback_address().unwrap();
        assert_eq!(asked("0.0.0.0:8001"), "127.0.0.1:8001");
        assert_eq!(asked("[::]:8001"), "[::1]:8001");
        assert_eq!(asked("10.0.0.7:8001"), "10.0.0.7:8001");
        assert_eq!(asked("localhost:8001"), "localhost:8001");
    }
}
