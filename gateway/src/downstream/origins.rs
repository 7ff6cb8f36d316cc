//! The allowed origins of CORS.

use reqwest::Url;
use std::str::FromStr;

/// The origins whose pages may call the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// No origin other than the gateway's own.
    #[default]
    None,
    /// All origins.
    Any,
    /// Origins on the browser's machine, at any port.
    Local,
    /// These origins.
    Listed(Vec<String>),
}

impl FromStr for AllowedOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origin = |text: &str| {
            let wrong = || format!("{text:?} is no origin as browsers send it");
            is_origin(text).then(|| text.to_owned()).ok_or_else(wrong)
        };
        text.split(',').map(|text| origin(text.trim())).collect::<Result<_, _>>().map(Self::Listed)
    }
}

/// Whether a text is an origin as browsers send it: in lower case, without a default port, a path or a slash at its end. URLs may
/// have a star in their host, origins not.
fn is_origin(text: &str) -> bool {
    !text.contains('*') && Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
}

impl AllowedOrigins {
    /// Whether a page of this origin may call the API.
    pub(super) fn contains(&self, origin: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Local => is_local(origin),
            Self::Listed(origins) => origins.iter().any(|allowed| allowed == origin),
        }
    }
}

fn is_local(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(|host| {
        let rest = ["localhost", "127.0.0.1", "[::1]"].iter().find_map(|local| host.strip_prefix(local));
        rest.is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
    })
}

/// Whether a text is a port, without a sign or leading zeros.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        assert_eq!("*".parse(), Ok(AllowedOrigins::Any));
        let listed = ["https://a.example", "http://b.example:8080", "http://[::1]:3000"];
        let expected = AllowedOrigins::Listed(listed.map(str::to_owned).to_vec());
        assert_eq!(listed.join(", ").parse(), Ok(expected));
        for wrong in [
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://A.example",
            "https://a.example:443",
            "https://*.example",
            "https://a.example,",
            "https://a.example, *",
            "null",
            "https://u@a.example",
        ] {
            assert!(wrong.parse::<AllowedOrigins>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_local_origin_is_one_on_this_machine() {
        for origin in
            ["http://localhost", "https://localhost:3000", "http://127.0.0.1:80", "http://[::1]:5173"]
        {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "http://localhost.evil",
            "http://localhost:3000.evil",
            "http://localhost:",
            "http://localhost:+80",
            "http://localhost:0080",
            "ftp://localhost",
            "http://evil/http://localhost",
            "http://127.0.0.1.evil",
            "http://localhost@evil",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }
}
