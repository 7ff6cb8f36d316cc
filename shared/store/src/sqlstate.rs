//! SQLSTATE: the code of an error, which is the same in every language (`PostgreSQL` manual, appendix A).
//!
//! diesel keeps the message of an error but not its code, except for a few kinds. So the stream prefixes the message of every
//! `ErrorResponse` with its code, as `psql` does with `VERBOSITY verbose`: `57014: canceling statement`.

use shared::error::StoreFault;

/// The identifiers of fields of an `ErrorResponse` (`PostgreSQL` manual, 54.8).
const CODE: u8 = b'C';
const MESSAGE: u8 = b'M';
/// The size of a message's head: its type, and its length, which counts itself and not the type.
pub(super) const HEAD_BYTES: usize = 5;

/// `disk_full`.
const DISK_FULL: &str = "53100";
/// `read_only_sql_transaction`: a replica, or a server whose disk is kept from filling up.
pub(super) const READ_ONLY: &str = "25006";
/// `serialization_failure`, `deadlock_detected` and `lock_not_available`.
const LOCKED: [&str; 3] = ["40001", "40P01", "55P03"];
/// The classes connection exception, insufficient resources, and operator intervention (shutdown, statement time-out).
const UNAVAILABLE_CLASSES: [&str; 3] = ["08", "53", "57"];
/// `idle_in_transaction_session_timeout` and `transaction_timeout`: the server has ended the connection.
const SESSION_ENDED: [&str; 2] = ["25P03", "25P04"];

/// The fault of an SQLSTATE; `None` if the statement is wrong.
pub(super) fn fault(code: &str) -> Option<StoreFault> {
    if code == DISK_FULL {
        return Some(StoreFault::Full);
    }
    if code == READ_ONLY {
        return Some(StoreFault::ReadOnly);
    }
    if LOCKED.contains(&code) {
        return Some(StoreFault::Locked);
    }
    let unavailable =
        UNAVAILABLE_CLASSES.iter().any(|class| code.starts_with(class)) || SESSION_ENDED.contains(&code);
    unavailable.then_some(StoreFault::Unavailable)
}

/// The SQLSTATE in front of a message.
pub(super) fn of_message(message: &str) -> Option<&str> {
    let (code, _) = message.split_once(": ")?;
    is_code(code.as_bytes()).then_some(code)
}

fn is_code(code: &[u8]) -> bool {
    code.len() == 5 && code.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The `ErrorResponse` with its code in front of its message, and the code; `None` if it has none, or is malformed. `whole` includes
/// the head.
pub(super) fn with_code_in_message(whole: &[u8]) -> Option<(Vec<u8>, String)> {
    let fields: Vec<&[u8]> = whole.get(HEAD_BYTES..)?.split(|byte| *byte == 0).collect();
    let value = |kind: u8| fields.iter().find_map(|field| field.strip_prefix(&[kind]));
    let code = value(CODE).filter(|code| is_code(code))?;
    value(MESSAGE)?;
    let mut body = Vec::with_capacity(whole.len() + code.len() + 2);
    for field in fields.iter().take_while(|field| !field.is_empty()) {
        if let Some(message) = field.strip_prefix(&[MESSAGE]) {
            body.push(MESSAGE);
            body.extend([code, b": ", message].concat());
        } else {
            body.extend_from_slice(field);
        }
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).ok()?;
    let head = [whole.get(..1)?, &length.to_be_bytes()].concat();
    Some(([head, body].concat(), String::from_utf8_lossy(code).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_fault_if_a_retry_may_succeed() {
        for (code, is) in [
            ("57014", Some(StoreFault::Unavailable)),
            ("57P01", Some(StoreFault::Unavailable)),
            ("57P03", Some(StoreFault::Unavailable)),
            ("53300", Some(StoreFault::Unavailable)),
            ("08006", Some(StoreFault::Unavailable)),
            ("25P03", Some(StoreFault::Unavailable)),
            ("40001", Some(StoreFault::Locked)),
            ("40P01", Some(StoreFault::Locked)),
            ("55P03", Some(StoreFault::Locked)),
            ("25006", Some(StoreFault::ReadOnly)),
            ("53100", Some(StoreFault::Full)),
            ("23505", None),
            ("22012", None),
            ("42P01", None),
            ("25P02", None),
            // No such database, no such role, a wrong password: nothing to wait for at start.
            ("3D000", None),
            ("28000", None),
            ("28P01", None),
        ] {
            assert_eq!(fault(code), is, "{code}");
        }
    }

    #[test]
    fn only_a_prefixed_message_has_a_code() {
        assert_eq!(of_message("57014: storniere Anfrage wegen Zeitüberschreitung"), Some("57014"));
        for none in ["database is locked", "near \"X\": syntax error", "5701: a", "57p01: a", ""] {
            assert_eq!(of_message(none), None, "{none}");
        }
    }

    #[test]
    fn only_the_message_of_an_error_is_rewritten() {
        let body = b"SFEHLER\0VERROR\0C57014\0Mstorniere Anfrage\0HM\0\0";
        let whole = [&b"E"[..], &u32::try_from(body.len() + 4).unwrap().to_be_bytes(), body].concat();
        let (rewritten, code) = with_code_in_message(&whole).unwrap();
        assert_eq!(code, "57014");
        let expected = b"SFEHLER\0VERROR\0C57014\0M57014: storniere Anfrage\0HM\0\0";
        assert_eq!(rewritten.get(HEAD_BYTES..).unwrap(), expected);
        let length = u32::try_from(expected.len() + 4).unwrap();
        assert_eq!(rewritten.get(1..HEAD_BYTES).unwrap(), length.to_be_bytes());
        for none in [&b""[..], b"E\0\0\0\x05\0", b"E\0\0\0\x0aMtext\0\0"] {
            assert!(with_code_in_message(none).is_none(), "{none:?}");
        }
    }
}
