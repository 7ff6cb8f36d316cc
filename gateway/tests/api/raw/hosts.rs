//! Hosts.

use super::Outcome::{Refused, Served};
use super::{Case, get, try_all};

#[tokio::test]
async fn an_invalid_host_is_refused() {
    let hosts = [
        ("RFC 9112, 3.2", "none", ""),
        ("RFC 9112, 3.2", "two", "Host: a\r\nHost: b\r\n"),
        ("RFC 9112, 3.2", "twice the same", "Host: a\r\nhost: a\r\n"),
        ("RFC 9112, 3.2", "a list", "Host: a, b\r\n"),
        ("RFC 9112, 3.2", "a space", "Host: a b\r\n"),
        ("RFC 9112, 3.2", "a path", "Host: a/internal\r\n"),
        ("RFC 9112, 3.2", "a URL", "Host: http://a\r\n"),
        ("RFC 9112, 3.2", "a query", "Host: a?b\r\n"),
        ("RFC 9110, 4.2.4", "a user", "Host: user@a\r\n"),
        ("RFC 9110, 4.2.1", "empty", "Host:\r\n"),
        ("RFC 9110, 4.2.1", "a port alone", "Host: :80\r\n"),
        ("RFC 9110, 7.2", "a port that is no number", "Host: a:b\r\n"),
        ("RFC 9110, 7.2", "a port that is too large", "Host: a:65536\r\n"),
        ("RFC 9110, 7.2", "an address that is not closed", "Host: [::1\r\n"),
        ("RFC 9110, 7.2", "bytes that are not ASCII", "Host: \u{e9}\r\n"),
    ];
    try_all(hosts.map(|(rfc, name, host)| get(rfc, name, host, Refused(400)))).await;
}

#[tokio::test]
async fn an_absolute_target_must_be_http() {
    let target = |rfc, name, target: &str, outcome| Case {
        rfc,
        name,
        sent: format!("GET {target}/api/v1/chats/get-chat HTTP/1.1\r\nHost: a\r\n{{auth}}\r\n"),
        outcome,
    };
    try_all([
        target("RFC 9112, 3.2.2", "as it is sent to a proxy", "http://b:80", Served("")),
        target("RFC 9110, 4.2.4", "a user", "http://user@a", Refused(400)),
        target("RFC 9110, 4.2.4", "a user and a password", "http://user:x@a", Refused(400)),
        target("RFC 9112, 3.2.2", "another scheme", "ftp://a", Refused(400)),
        target("RFC 9112, 3.2.2", "no host", "http://", Refused(400)),
        target("RFC 9110, 7.2", "a port that is no number", "http://a:b", Refused(400)),
    ])
    .await;
}
