//! The welcome: what a start tells at its end.

use crate::config::Databases;
use branch::config::Database;
use shared_web::telemetry::LogFormat;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, absolute};

/// Tells where Banyan listens, where its page, unless it is off, its documentation and its data are: on lines of their own, or as one event of
/// a log of JSON.
pub fn welcome(format: LogFormat, address: SocketAddr, has_ui: bool, data: &str) {
    let (url, reachable) = (format!("http://{address}"), reachable(address));
    let docs = format!("http://{reachable}/docs");
    let page = has_ui.then(|| format!("http://{reachable}/ui/"));
    match format {
        LogFormat::Json => tracing::info!(url, page, docs, data, "Banyan is ready"),
        LogFormat::Pretty => {
            let page = page.map(|page| format!("Page:             {page}\n")).unwrap_or_default();
            let lines = format!(
                "Banyan listens on {url}\n{page}Documentation:    {docs}\nData:             {data}\n"
            );
            // A standard output that nobody reads does not end the start.
            drop(std::io::stdout().write_all(lines.as_bytes()));
        }
    }
}

/// The location of the data of all services, without the URLs of databases, which may hold passwords.
pub fn location(databases: &Databases, data_dir: &Path) -> String {
    let folder = || absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned()).display().to_string();
    let sql = if databases.are_elsewhere() { "PostgreSQL (DATABASE_URL)".to_owned() } else { folder() };
    match databases.branch {
        Database::Sql(_) => sql,
        Database::Mongo(_) => format!("{sql}; messages and branches in MongoDB (MONGO_URL)"),
    }
}

/// The address at which a browser on this machine reaches it: loopback instead of an unspecified address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Env;

    #[test]
    fn the_location_names_databases_without_their_urls() {
        let (postgres, mongo) =
            (("DATABASE_URL", "postgresql://u:secret@db/x"), ("MONGO_URL", "mongodb://u:secret@m"));
        for (env, expected) in [
            (Env::default(), "/data"),
            (Env::of([postgres]), "PostgreSQL (DATABASE_URL)"),
            (Env::of([mongo]), "/data; messages and branches in MongoDB (MONGO_URL)"),
            (
                Env::of([postgres, mongo]),
                "PostgreSQL (DATABASE_URL); messages and branches in MongoDB (MONGO_URL)",
            ),
        ] {
            let databases = Databases::from_env(&env, Path::new("/data")).unwrap();

            assert_eq!(location(&databases, Path::new("/data")), expected);
        }
    }

    #[test]
    fn the_documentation_of_an_unspecified_address_is_at_loopback() {
        for (address, expected) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:2", "[::1]:2"), ("192.0.2.7:3", "192.0.2.7:3")]
        {
            assert_eq!(reachable(address.parse().unwrap()).to_string(), expected);
        }
    }
}
