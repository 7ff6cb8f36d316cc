//! The check of migrations.

use diesel::QueryableByName;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::sql_types::Text;
use diesel_migrations::EmbeddedMigrations;
use shared::check::Report;
use std::collections::BTreeSet;

pub(super) const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations";

#[derive(Debug, QueryableByName)]
pub(super) struct AppliedMigration {
    #[diesel(sql_type = Text)]
    pub(super) version: String,
}

pub(super) fn report_migrations<DB: Backend>(
    report: &mut Report,
    subject: &str,
    migrations: &EmbeddedMigrations,
    applied: &[AppliedMigration],
) where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: Vec<Box<dyn Migration<DB>>> = match migrations.migrations() {
        Ok(known) => known,
        Err(error) => return report.error(subject, format!("has no migrations: {error}"), "report it"),
    };
    let known: BTreeSet<String> =
        known.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied: BTreeSet<String> = applied.iter().map(|applied| applied.version.clone()).collect();
    let (pending, newer) = (known.difference(&applied).count(), applied.difference(&known).count());
    let (done, all) = (known.len() - pending, known.len());
    if newer > 0 {
        let advice = "run that version; this one works only where the notes of that one say so";
        report.warning(subject, format!("{newer} migrations were made by a newer version"), advice);
    } else if pending > 0 {
        report.ok(subject, format!("{done} of {all} migrations are made, and the others by the next start"));
    } else {
        report.ok(subject, format!("all {all} migrations are made"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::check::Status;

    #[test]
    fn migrations_of_a_newer_version_are_told() {
        for (applied, status) in [(vec![], Status::Ok), (vec!["20300101000000"], Status::Warning)] {
            let applied: Vec<_> =
                applied.iter().map(|version| AppliedMigration { version: (*version).to_owned() }).collect();
            let mut report = Report::default();
            report_migrations::<diesel::sqlite::Sqlite>(
                &mut report,
                "it",
                &EmbeddedMigrations::new(&[]),
                &applied,
            );
            assert_eq!(report.findings()[0].status, status, "{report:?}");
        }
    }
}
