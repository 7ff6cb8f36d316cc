//! Passwords from a terminal or a pipe. They are never arguments, which every user of the machine can see.

use crate::domain::{Password, PasswordPolicy};
use shared::error::StartError;
use std::io::{self, BufRead as _, IsTerminal as _};

/// A new password: typed twice without being shown, or the first line of standard input where that is no terminal.
pub fn read_new_password(policy: PasswordPolicy) -> Result<Password, StartError> {
    let failed = |error| StartError::Io("no password could be read".to_owned(), error);
    let stdin = io::stdin();
    let text = if stdin.is_terminal() {
        let text = rpassword::prompt_password("Password: ").map_err(failed)?;
        if rpassword::prompt_password("The same again: ").map_err(failed)? != text {
            return Err(StartError::Setup("the passwords differ; nothing was changed".to_owned()));
        }
        text
    } else {
        let mut line = String::new();
        if stdin.lock().read_line(&mut line).map_err(failed)? == 0 {
            let expected = "no password came; expected it in the first line of standard input";
            return Err(StartError::Setup(expected.to_owned()));
        }
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if text.contains('\0') {
        // The API takes no such text, so that nobody could log in with it.
        return Err(StartError::Setup("the password: has a NUL in it".to_owned()));
    }
    policy.parse(text).map_err(|reason| StartError::Setup(format!("the password: {}", reason.message())))
}
