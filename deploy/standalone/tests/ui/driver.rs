//! The process of chromedriver, which all tests share. Each has a browser of its own.

use shared::env::Env;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The words before the port in chromedriver's output.
const PORT_PREFIX: &str = "started successfully on port ";

/// The path that a variable of the tests names.
pub fn path(variable: &str) -> Option<PathBuf> {
    Env::of_process().optional(variable, "a path").unwrap()
}

/// chromedriver, which ends with this.
pub struct Driver {
    process: Child,
    /// The URL of its `WebDriver`.
    pub url: String,
}

impl Driver {
    /// Starts the program that `TEST_CHROMEDRIVER` names. `None` without that.
    pub fn start() -> Option<Self> {
        let program = path("TEST_CHROMEDRIVER")?;
        let mut process = Command::new(program).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains(PORT_PREFIX) {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver ended before it said its port");
        }
        // Its later output is discarded: a full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let port = line.rsplit(PORT_PREFIX).next().unwrap().trim().trim_end_matches('.');
        Some(Self { process, url: format!("http://127.0.0.1:{port}") })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
