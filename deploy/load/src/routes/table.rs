//! The table of figures.

use super::aims::Aim;
use super::cell::{Cell, Measurement};
use super::figures::CellFigures;
use super::side::Side;
use crate::figures::beside;
use std::collections::BTreeMap;

/// The most anonymous memory of a program at rest and under load, in MiB.
const MAX_MIB_AT_REST: u64 = 40;
const MAX_MIB_UNDER_LOAD: u64 = 150;

/// Prints the head of the table.
pub(crate) fn print_head() {
    println!("{:56}{:>17}", "", "CPU ms a request");
    println!(
        "{:<17} {:>7} {:<6} {:>10} {:>8} {:>8} {:>9} {:>9}",
        "route", "clients", "", "requests/s", "p50 ms", "p99 ms", "programs", "databases"
    );
}

/// Prints the medians of each side. Those of the last one stand beside their ratio to the first, and beside the aims. Returns the
/// number of missed aims.
pub(crate) fn print_cell(
    cell: &Cell<'_>,
    sides: &[Side],
    rounds: &[Vec<Measurement>],
    aims: &[Aim],
) -> usize {
    let figures = rounds.iter().map(|of_side| of_side.iter().map(|one| one.figures).collect());
    let figures: Vec<Vec<_>> = figures.collect();
    let last = figures.len().saturating_sub(1);
    let mut missed = 0;
    for (number, (side, of_side)) in sides.iter().zip(&figures).enumerate() {
        let median = CellFigures::median(of_side);
        let mut line = row(cell, side.name, &median);
        if let Some(before) = figures.first().filter(|_| number == last && last > 0) {
            line += &ratio(&CellFigures::median_ratio(of_side, before));
        }
        for aim in aims.iter().filter(|_| number == last) {
            let is_reached = aim.is_reached(&median);
            missed += usize::from(!is_reached);
            line = line + "  " + &beside(&aim.to_string(), is_reached);
        }
        println!("{line}");
    }
    print_failures(sides, rounds);
    missed
}

/// Prints the memory of each program beside its aims. Returns the number of missed aims.
pub(crate) fn print_memory(sides: &[Side]) -> usize {
    let mut missed = 0;
    let mut figure = |bytes: u64, most_mib: u64| {
        let is_reached = bytes <= most_mib << 20;
        missed += usize::from(!is_reached);
        format!("{} MiB {}", bytes >> 20, beside(&format!("{most_mib} MiB"), is_reached))
    };
    for side in sides {
        for (program, (&at_rest, &peak)) in side.programs.iter().zip(side.at_rest.iter().zip(&side.peak)) {
            let (at_rest, peak) = (figure(at_rest, MAX_MIB_AT_REST), figure(peak, MAX_MIB_UNDER_LOAD));
            println!(
                "RssAnon of {:<7} {:<6}  at rest {at_rest}, at 32 clients {peak}",
                program.name, side.name
            );
        }
    }
    missed
}

fn row(cell: &Cell<'_>, side: &str, figures: &CellFigures) -> String {
    let CellFigures { goodput, p50_ms, p99_ms, programs_cpu_ms, databases_cpu_ms } = figures;
    let (route, clients) = (cell.route, cell.clients);
    let databases = if cell.databases.is_empty() { "-".to_owned() } else { format!("{databases_cpu_ms:.3}") };
    format!(
        "{route:<17} {clients:>7} {side:<6} {goodput:>10.0} {p50_ms:>8.3} {p99_ms:>8.3} {programs_cpu_ms:>9.3} {databases:>9}"
    )
}

fn ratio(to_before: &CellFigures) -> String {
    let CellFigures { goodput, p50_ms, p99_ms, programs_cpu_ms, databases_cpu_ms } = to_before;
    let databases = Some(databases_cpu_ms).filter(|ratio| ratio.is_finite());
    let databases = databases.map_or_else(String::new, |ratio| format!(", {ratio:.2} databases"));
    format!(
        "   {goodput:.2} requests/s, {p50_ms:.2} p50, {p99_ms:.2} p99, {programs_cpu_ms:.2} CPU{databases}"
    )
}

/// Prints the failed requests of each side by cause.
fn print_failures(sides: &[Side], rounds: &[Vec<Measurement>]) {
    for (side, of_side) in sides.iter().zip(rounds) {
        let mut failures = BTreeMap::<&str, usize>::new();
        for (cause, count) in of_side.iter().flat_map(|one| &one.failures) {
            *failures.entry(cause).or_default() += count;
        }
        for (cause, count) in failures {
            println!("FAILED {} {count} x {cause}", side.name);
        }
    }
}
