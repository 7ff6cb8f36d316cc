//! Surplus bytes after a response: at once, or while the connection is idle.

use super::Outcome::Whole;
use super::script::{answers, says};
use super::{FINE, STRAY, get, try_all};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstray\r\n0\r\n\r\n";
const ENDED: &str = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 5\r\n\r\nstray";
const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[tokio::test]
async fn surplus_bytes_after_a_response_spare_the_next_user() {
    let chunks =
        |rest: &str| answers("Transfer-Encoding: chunked\r\n", &format!("4\r\nfine\r\n0\r\n\r\n{rest}"));
    let more = |rest: &str| says(format!("{FINE}{rest}"));
    let many = STRAY.repeat(1000);
    try_all([
        get("another answer", more(STRAY), Whole("fine")),
        get("another answer in chunks", more(CHUNKED), Whole("fine")),
        get("a thousand answers", more(&many), Whole("fine")),
        get("a thousand answers, and the end", more(&many).closes(), Whole("fine")),
        get("another answer after chunks", chunks(STRAY), Whole("fine")),
        get("a byte after chunks", chunks("0"), Whole("fine")),
        get("a chunk after chunks", chunks("5\r\nstray\r\n0\r\n\r\n"), Whole("fine")),
        get("half an answer", more("HTTP/1.1 200 OK\r\nContent-Len"), Whole("fine")),
        get(
            "half an answer, and the other half late",
            more("HTTP/1.1 200 OK\r\nConte").late("nt-Length: 0\r\n\r\n"),
            Whole("fine"),
        ),
        get("an empty line", more("\r\n"), Whole("fine")),
        get("LF", more("\n"), Whole("fine")),
        get("NUL", more("\0"), Whole("fine")),
        get("an interim answer", more(INTERIM), Whole("fine")),
        get(
            "the head of an answer, without its body",
            more("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"),
            Whole("fine"),
        ),
        get(
            "an answer after an empty one",
            says(format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{STRAY}")),
            Whole(""),
        ),
    ])
    .await;
}

#[tokio::test]
async fn surplus_bytes_on_an_idle_connection_spare_the_next_user() {
    let late = |rest: &str| says(FINE).late(rest);
    try_all([
        get("another answer", late(STRAY), Whole("fine")),
        get("another answer in chunks", late(CHUNKED), Whole("fine")),
        get("another answer, and the end", late(STRAY).closes(), Whole("fine")),
        get("another answer, and a reset", late(STRAY).resets(), Whole("fine")),
        get("a thousand answers", late(&STRAY.repeat(1000)), Whole("fine")),
        get("that it was idle for too long", late(ENDED).closes(), Whole("fine")),
        get("that it was idle for too long, and no end", late(ENDED), Whole("fine")),
        get("half an answer", late("HTTP/1.1 200 OK\r\nContent-Len"), Whole("fine")),
        get("an empty line", late("\r\n"), Whole("fine")),
        get("NUL", late("\0"), Whole("fine")),
        get("a byte", late("H"), Whole("fine")),
        get("an interim answer", late(INTERIM), Whole("fine")),
        get(
            "another protocol",
            late("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"),
            Whole("fine"),
        ),
        get("noise", late("\u{0}\u{1}\u{2}\u{7f}\u{ff}"), Whole("fine")),
    ])
    .await;
}
