//! The READMEs, `--help`, `.env.example` and the compose files name the same variables.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is amiss")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SERVICES: [&str; 5] = ["gateway", "auth", "chat", "branch", "answer"];
/// What compose leaves at its default, so that ports, health checks and networks agree.
const FIXED_IN_COMPOSE: &str = "LISTEN_ADDR";
/// The variable of a file that is no secret.
const NAMED_FILE: &str = "MODELS_FILE";
/// What the branch service reads only where it has no `MONGO_URL`, which compose gives it.
const INSTEAD_OF_MONGO: &str = "DATABASE_URL";
/// Of tests, which no program reads.
const OF_TESTS: &str = "TEST_";

type Names = BTreeSet<String>;

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(TOP).join(file)).unwrap()
}

fn is_name(text: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(is_of_name)
}

/// The lines below a heading, up to the next heading.
fn section<'a>(document: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let after = document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    after.lines().take_while(|line| !line.starts_with('#'))
}

/// The variables in the first column of the table below a heading.
fn in_table(file: &str, heading: &str) -> Names {
    let document = read(file);
    let rows = section(&document, heading).filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next().map(str::to_owned));
    cells
        .flat_map(|cell| {
            cell.split(['`', ',', ' ']).filter(|name| is_name(name)).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

/// What a program prints for `--help`.
fn help(program: &str) -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_banyan")).with_file_name(program);
    let run = Command::new(&path).arg("--help").env_clear().output();
    let output =
        run.unwrap_or_else(|error| panic!("{error}: {}; cargo test --workspace builds it", path.display()));
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The variables that a help text documents: those of options, and the first column below them.
fn in_help(program: &str) -> Names {
    let help = help(program);
    let of_options = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    let listed = help.split_once(" environment variables").unwrap().1.lines();
    let of_lists = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    of_options.chain(of_lists).filter(|name| is_name(name)).map(str::to_owned).collect()
}

/// The lines `NAME=value` of the example, set or commented out.
fn in_example() -> Names {
    let example = read(".env.example");
    let names = example.lines().filter_map(|line| line.trim_start_matches('#').split_once('='));
    names.map(|(name, _)| name).filter(|name| is_name(name)).map(str::to_owned).collect()
}

/// The variables that compose sets for a service; a secret is set as the file that holds it.
fn in_compose(service: &str) -> Names {
    let compose = read("docker-compose.yml");
    let block = |heading: &str, indent: usize| {
        let after = compose.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
        let is_within = move |line: &&str| line.len() - line.trim_start().len() >= indent || line.is_empty();
        after.lines().take_while(is_within).map(str::to_owned).collect::<Vec<_>>()
    };
    let common = block("x-environment: &environment", 2);
    let own = block(&format!("  {service}:"), 4);
    let own = own.iter().skip_while(|line| *line != "    environment:").skip(1);
    let own = own.take_while(|line| line.starts_with("      ")).cloned();
    let names = common
        .into_iter()
        .chain(own)
        .filter_map(|line| line.trim().split_once(": ").map(|(name, _)| name.to_owned()));
    let of_secret = |name: &String| *name != NAMED_FILE && name.ends_with("_FILE");
    names
        .filter(|name| is_name(name))
        .map(|name| if of_secret(&name) { name.trim_end_matches("_FILE").to_owned() } else { name })
        .collect()
}

/// The variables that a compose file itself reads.
fn read_by(compose: &str) -> Names {
    let text = read(compose);
    let names = text.split("${").skip(1).filter_map(|rest| rest.split([':', '}', '-', '?']).next());
    names.map(str::to_owned).collect()
}

#[test]
fn help_prints_every_variable_that_the_readmes_document_and_no_others() {
    for service in SERVICES {
        let folder = if service == "gateway" { service.to_owned() } else { format!("services/{service}") };
        let mut documented = in_table(&format!("{folder}/README.md"), "## Variables");
        documented.append(&mut in_table("deploy/README.md", "### Of every program"));
        assert_eq!(in_help(service), documented, "{service}");
    }
}

#[test]
fn the_example_lists_the_variables_of_all_programs_and_of_compose_and_no_others() {
    let mut documented: Names = SERVICES.into_iter().chain(["banyan"]).flat_map(in_help).collect();
    documented.append(&mut in_table("deploy/README.md", "### Of compose"));
    assert!(documented.len() > 40, "the tables were not read: {documented:?}");
    let mut listed = in_example();
    listed.retain(|name| !name.starts_with(OF_TESTS));
    assert_eq!(listed, documented);
}

#[test]
fn compose_passes_every_variable_of_a_service_on_and_no_others() {
    for service in SERVICES {
        let mut documented = in_help(service);
        documented.remove(FIXED_IN_COMPOSE);
        if service == "branch" {
            documented.remove(INSTEAD_OF_MONGO);
        }
        assert!(documented.len() > 10, "{service} documents only {documented:?}");
        assert_eq!(in_compose(service), documented, "{service}");
    }
}

#[test]
fn compose_reads_no_variable_that_the_example_does_not_list() {
    let listed = in_example();
    for file in ["docker-compose.yml", "deploy/compose.production.yml", "deploy/observability/compose.yml"] {
        let unknown: Vec<_> = read_by(file).into_iter().filter(|name| !listed.contains(name)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}
