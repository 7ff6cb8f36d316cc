//! The report of `check`.

use crate::env::ConfigError;
use serde::Serialize;
use std::io::{self, Write};
use std::process::ExitCode;

/// The status of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is well.
    Ok,
    /// It works, but needs attention.
    Warning,
    /// It does not work.
    Error,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub subject: String,
    /// Its status.
    pub status: Status,
    /// What was found.
    pub detail: String,
    /// What to do about it; `None` if it is well.
    pub advice: Option<String>,
}

/// All findings, in the order of the checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Adds a finding that is well.
    pub fn ok(&mut self, subject: &str, detail: impl Into<String>) {
        self.add(subject, Status::Ok, detail.into(), None);
    }

    /// Adds a warning.
    pub fn warning(&mut self, subject: &str, detail: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, Status::Warning, detail.into(), Some(advice.into()));
    }

    /// Adds an error.
    pub fn error(&mut self, subject: &str, detail: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, Status::Error, detail.into(), Some(advice.into()));
    }

    fn add(&mut self, subject: &str, status: Status, detail: String, advice: Option<String>) {
        self.0.push(Finding { subject: subject.to_owned(), status, detail, advice });
    }

    /// Adds the finding of the configuration, and returns the configuration if it is valid.
    pub fn configuration<T>(&mut self, read: Result<T, ConfigError>) -> Option<T> {
        match read {
            Ok(configuration) => {
                self.ok("configuration", "every variable is set as it must be");
                Some(configuration)
            }
            Err(error) => {
                for (name, problem) in error.problems() {
                    self.error("configuration", format!("{name}: {problem}"), format!("correct {name}"));
                }
                None
            }
        }
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.0
    }

    /// Whether there is no error.
    pub fn is_well(&self) -> bool {
        self.0.iter().all(|finding| finding.status != Status::Error)
    }

    /// Prints the report, and returns the exit status: 1 if there is an error.
    pub fn print(&self, as_json: bool) -> ExitCode {
        // The reader of a pipe may have closed it.
        drop(self.write(&mut io::stdout().lock(), as_json));
        if self.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn write(&self, output: &mut impl Write, as_json: bool) -> io::Result<()> {
        if as_json {
            serde_json::to_writer_pretty(&mut *output, &self.0)?;
            return writeln!(output);
        }
        for Finding { subject, status, detail, advice } in &self.0 {
            let status = match status {
                Status::Ok => "ok",
                Status::Warning => "WARN",
                Status::Error => "ERROR",
            };
            let advice = advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default();
            writeln!(output, "{status:<6}{subject}: {detail}{advice}")?;
        }
        output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(report: &Report, as_json: bool) -> String {
        let mut output = Vec::new();
        report.write(&mut output, as_json).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_finding_is_a_line_with_its_status_detail_and_advice() {
        let mut report = Report::default();
        report.ok("clock", "agrees");
        report.warning("space", "100 MiB are free", "make room");
        assert!(report.is_well());
        let mut wrong = ConfigError::new("A", "is 0; expected 1");
        wrong.note::<()>(Err(ConfigError::new("B", "is not set")));
        assert_eq!(report.configuration::<()>(Err(wrong)), None);
        assert!(!report.is_well());
        let lines = "ok    clock: agrees\n\
                     WARN  space: 100 MiB are free; make room\n\
                     ERROR configuration: A: is 0; expected 1; correct A\n\
                     ERROR configuration: B: is not set; correct B\n";
        assert_eq!(written(&report, false), lines);
        let json: serde_json::Value = serde_json::from_str(&written(&report, true)).unwrap();
        let finding = serde_json::json!({"subject": "space", "status": "warning", "detail": "100 MiB are free", "advice": "make room"});
        assert_eq!(json.as_array().unwrap()[1], finding);
    }
}
