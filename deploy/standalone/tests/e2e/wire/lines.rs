//! Request lines, paths and hosts.

use super::case::Outcome::{Answered, Last};
use super::case::{get, raw};
use super::try_all;

#[tokio::test]
async fn malformed_request_lines_are_refused_and_valid_ones_answered() {
    let lines = [
        ("a method that is no token", "GE(T / HTTP/1.1", 400),
        ("a method in lower case", "get / HTTP/1.1", 501),
        ("a method that nobody knows", "SMUGGLE / HTTP/1.1", 501),
        ("TRACE", "TRACE / HTTP/1.1", 501),
        ("CONNECT", "CONNECT a:80 HTTP/1.1", 501),
        ("no method", " / HTTP/1.1", 400),
        ("no target", "GET HTTP/1.1", 400),
        ("no version", "GET /", 400),
        ("space before the method", " GET / HTTP/1.1", 400),
        ("two spaces", "GET  / HTTP/1.1", 400),
        ("a tab", "GET\t/ HTTP/1.1", 400),
        ("space after the version", "GET / HTTP/1.1 ", 400),
        ("a space in the target", "GET /a b HTTP/1.1", 400),
        ("NUL in the target", "GET /a\0b HTTP/1.1", 400),
        ("CR in the target", "GET /a\rb HTTP/1.1", 400),
        ("an authority for GET", "GET a:80 HTTP/1.1", 400),
        ("an asterisk for GET", "GET * HTTP/1.1", 400),
        ("a version to come", "GET / HTTP/1.2", 400),
        ("the preface of HTTP/2", "PRI * HTTP/2.0", 400),
        ("a version of two digits", "GET / HTTP/1.10", 400),
        ("a version in lower case", "GET / http/1.1", 400),
        ("another protocol", "GET / HTTPS/1.1", 400),
    ];
    try_all(|mallory| {
        let token = mallory.authorization();
        let refused = lines
            .map(|(name, line, status)| raw(name, format!("{line}\r\nHost: a\r\n{token}\r\n"), Last(status)));
        let chats = |line: &str| format!("{line}\r\nHost: a\r\n{token}\r\n");
        let path = "/api/v1/chats/get-chat";
        refused
            .into_iter()
            .chain([
                raw("OPTIONS of the server", chats("OPTIONS * HTTP/1.1"), Answered(204)),
                raw("PATCH", chats(&format!("PATCH {path} HTTP/1.1")), Answered(405)),
                raw("DELETE", chats(&format!("DELETE {path} HTTP/1.1")), Answered(405)),
                raw("empty lines before", chats(&format!("\r\n\r\nGET {path} HTTP/1.1")), Answered(200)),
                raw("LF alone", chats(&format!("GET {path} HTTP/1.1")).replace("\r\n", "\n"), Answered(200)),
                raw("HTTP/1.0", chats(&format!("GET {path} HTTP/1.0")), Last(200)),
                raw("HTTP/1.0 without a host", format!("GET {path} HTTP/1.0\r\n{token}\r\n"), Last(200)),
            ])
            .collect()
    })
    .await;
}

#[tokio::test]
async fn ambiguous_paths_are_refused_and_others_answered() {
    let refused = [
        ("..", "/api/v1/chats/../../../internal/users"),
        (".. at the end", "/api/v1/chats/x/.."),
        (". in the middle", "/api/v1/./chats/x"),
        ("encoded dots", "/api/v1/chats/%2e%2e/internal"),
        ("half encoded dots", "/api/v1/chats/.%2E/internal"),
        ("dots with a parameter", "/api/v1/chats/..;a=b/internal"),
        ("a doubled slash", "/api/v1//chats/x"),
        ("a doubled slash at the beginning", "//api/v1/chats/x"),
        ("a doubled slash at the end", "/api/v1/chats/x//"),
        ("an encoded slash", "/api/v1/chats%2fx"),
        ("an encoded slash in upper case", "/api/v1/chats/..%2Finternal"),
        ("a backslash", "/api/v1/chats\\..\\internal"),
        ("an encoded backslash", "/api/v1/chats/..%5cinternal"),
        ("an encoded NUL", "/api/v1/chats/x%00.json"),
        ("a percent sign without digits", "/api/v1/chats/x%"),
        ("a percent sign with one digit", "/api/v1/chats/x%4"),
        ("digits that are not hexadecimal", "/api/v1/chats/%u002e"),
        ("a character that is not ASCII", "/api/v1/chats/\u{ff0e}\u{ff0e}/x"),
    ];
    let answered = [
        ("no route", "/api/v1/chats/x", 404),
        ("the services' own side", "/internal/users/x", 404),
        ("the services' own side, below the API", "/api/v1/internal/users/x", 404),
        ("no id", "/api/v1/chats/get-chat/x", 422),
        ("an encoded brace", "/api/v1/chats/get-chat/%7Bx%7D", 422),
        ("encoded twice", "/api/v1/chats/get-chat/%252e%252e%252f", 422),
        ("CR and LF, encoded", "/api/v1/chats/get-chat/x%0d%0aX:%20y", 422),
        ("a slash at the end", "/api/v1/chats/get-chat/", 200),
        ("anything in the query", "/api/v1/chats/get-chat?a=/../%2e%2e//%00\\%", 200),
        ("CR and LF in the query, encoded", "/api/v1/chats/get-chat?a=%0d%0aHost:%20b", 200),
        ("a fragment", "/api/v1/chats/get-chat#/../y", 200),
        ("absolute form", "http://b:80/api/v1/chats/get-chat", 200),
    ];
    try_all(|mallory| {
        let token = mallory.authorization();
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n{token}\r\n");
        let absolute = ["http://user@a", "http://user:x@a", "ftp://a", "http://", "http://a:b"];
        let refused = refused.map(|(name, path)| raw(name, request(path), Last(400)));
        let answered = answered.map(|(name, path, status)| raw(name, request(path), Answered(status)));
        let absolute =
            absolute.map(|base| raw(base, request(&format!("{base}/api/v1/chats/get-chat")), Last(400)));
        refused.into_iter().chain(answered).chain(absolute).collect()
    })
    .await;
}

#[tokio::test]
async fn a_missing_repeated_or_malformed_host_is_a_400() {
    let hosts = [
        ("no host", ""),
        ("two hosts", "Host: a\r\nHost: b\r\n"),
        ("twice the same host", "Host: a\r\nhost: a\r\n"),
        ("a list of hosts", "Host: a, b\r\n"),
        ("a host with a space", "Host: a b\r\n"),
        ("a host with a path", "Host: a/internal\r\n"),
        ("a URL for a host", "Host: http://a\r\n"),
        ("a host with a user", "Host: user@a\r\n"),
        ("an empty host", "Host:\r\n"),
        ("a port alone", "Host: :80\r\n"),
        ("a port that is too large", "Host: a:65536\r\n"),
        ("a host that is not ASCII", "Host: \u{e9}\r\n"),
    ];
    try_all(|mallory| hosts.map(|(name, host)| get(name, mallory, host, Last(400))).into_iter().collect())
        .await;
}
