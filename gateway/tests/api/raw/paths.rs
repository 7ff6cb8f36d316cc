//! Paths that other software might normalize to other ones.

use super::Outcome::{Refused, Served};
use super::{Case, try_all};

fn case((rfc, name, path): (&'static str, &'static str, &str), outcome: super::Outcome) -> Case {
    Case { rfc, name, sent: format!("GET {path} HTTP/1.1\r\nHost: a\r\n{{auth}}\r\n"), outcome }
}

#[tokio::test]
async fn a_path_that_is_not_normalized_is_refused() {
    let paths = [
        ("RFC 3986, 6.2.2.3", "..", "/api/v1/chats/../../../internal/users"),
        ("RFC 3986, 6.2.2.3", ".. at the end", "/api/v1/chats/x/.."),
        ("RFC 3986, 6.2.2.3", ". in the middle", "/api/v1/./chats/x"),
        ("RFC 3986, 6.2.2.2", "encoded dots", "/api/v1/chats/%2e%2e/internal"),
        ("RFC 3986, 6.2.2.2", "half encoded dots", "/api/v1/chats/.%2E/internal"),
        ("RFC 3986, 3.3", "dots with a parameter", "/api/v1/chats/..;a=b/internal"),
        ("RFC 3986, 3.3", "a doubled slash", "/api/v1//chats/x"),
        ("RFC 3986, 3.3", "a doubled slash at the beginning", "//api/v1/chats/x"),
        ("RFC 3986, 3.3", "a doubled slash at the end", "/api/v1/chats/x//"),
        ("RFC 3986, 2.2", "an encoded slash", "/api/v1/chats%2fx"),
        ("RFC 3986, 2.2", "an encoded slash in upper case", "/api/v1/chats/..%2Finternal"),
        ("RFC 3986, 2", "a backslash", "/api/v1/chats\\..\\internal"),
        ("RFC 3986, 2", "an encoded backslash", "/api/v1/chats/..%5cinternal"),
        ("RFC 3986, 6.2.2.2", "an encoded letter", "/api/v1/auth/log%69n"),
        ("RFC 3986, 6.2.2.2", "an encoded capital letter", "/%41pi/v1/chats/x"),
        ("RFC 3986, 6.2.2.2", "an encoded digit", "/api/v%31/chats/x"),
        ("RFC 3986, 6.2.2.2", "an encoded hyphen", "/api/v1/auth/change%2dpassword"),
        ("RFC 3986, 6.2.2.2", "an encoded underscore", "/api/v1/chats/a%5Fb"),
        ("RFC 3986, 6.2.2.2", "an encoded tilde", "/api/v1/chats/%7ea"),
        ("RFC 3986, 7.3", "NUL", "/api/v1/chats/x%00.json"),
        ("RFC 3986, 2.1", "no digits", "/api/v1/chats/x%"),
        ("RFC 3986, 2.1", "one digit", "/api/v1/chats/x%4"),
        ("RFC 3986, 2.1", "digits that are not hexadecimal", "/api/v1/chats/%u002e"),
        ("RFC 3986, 2", "a character that is not ASCII", "/api/v1/chats/\u{ff0e}\u{ff0e}/x"),
    ];
    try_all(paths.map(|path| case(path, Refused(400)))).await;
}

#[tokio::test]
async fn a_normalized_path_that_resembles_such_a_one_passes() {
    let paths = [
        ("RFC 3986, 3.3", "three dots", "/api/v1/chats/..."),
        ("RFC 3986, 2.4", "encoded twice", "/api/v1/chats/%252e%252e%252f"),
        ("RFC 3986, 3.4", "in the query", "/api/v1/chats/x?a=/../%2e%2e//%00\\%"),
    ];
    try_all(paths.map(|path| case(path, Served("")))).await;
}
