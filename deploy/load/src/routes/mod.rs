//! The cost of each route at 1 and at 32 clients, in a closed loop: requests per second, latencies, and the CPU time that the
//! programs and the databases take for a request.
//!
//! With `--against` each cell is measured on both sides in alternating rounds, on the same databases, while the other side is
//! idle.

mod aims;
mod cell;
mod chats;
mod figures;
mod route;
mod side;
mod table;

use crate::failure::Failure;
use crate::memory::{Program, Programs};
use aims::{Engine, aims_of};
use cell::{Cell, MAX_CLIENTS, Measurement};
use clap::{Args, ValueEnum};
use reqwest::Url;
use route::{ClientTemplates, Route};
use side::Side;
use std::time::Duration;

/// The numbers of clients.
const CLIENTS: [usize; 2] = [1, MAX_CLIENTS];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The base URL of the gateway, such as <http://127.0.0.1:8000>; its host must be an IP address.
    base: Url,
    #[command(flatten)]
    programs: Programs,
    /// The base URL of the gateway of older programs, for a comparison.
    #[arg(long, requires = "against_programs")]
    against: Option<Url>,
    /// The name and the process id of one of the older programs; may be repeated.
    #[arg(long = "against-program", requires = "against")]
    against_programs: Vec<Program>,
    /// The name and the process id of a database server; may be repeated.
    #[arg(long = "database")]
    databases: Vec<Program>,
    /// The stores, which the aims depend on.
    #[arg(long, value_enum)]
    engine: Engine,
    /// The number of alternating rounds.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The duration of a cell in a round, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The routes; all by default.
    #[arg(value_enum)]
    routes: Vec<Route>,
}

impl Options {
    /// The older programs, if any, and those under test.
    fn sides(&self) -> Result<Vec<Side>, Failure> {
        let mut sides = Vec::new();
        if let Some(older) = &self.against {
            sides.push(Side::new("before", older, Programs::new(self.against_programs.clone()))?);
        }
        let name = if sides.is_empty() { "" } else { "after" };
        sides.push(Side::new(name, &self.base, self.programs.clone())?);
        Ok(sides)
    }

    fn routes(&self) -> &[Route] {
        if self.routes.is_empty() { Route::value_variants() } else { &self.routes }
    }
}

/// Runs the load. Returns whether all requests succeeded: a missed aim does not fail the run.
pub(crate) async fn run(options: &Options) -> Result<bool, Failure> {
    let mut sides = options.sides()?;
    let databases: Vec<_> = options.databases.iter().map(|database| database.pid).collect();
    table::print_head();
    let (mut missed, mut failed) = (0, 0);
    for &route in options.routes() {
        let reads = prepare_reads(route, &sides).await?;
        for clients in CLIENTS.into_iter().filter(|&clients| route.has_cell(clients)) {
            let cell =
                Cell { route, clients, time: Duration::from_secs(options.seconds), databases: &databases };
            let measurements = measure_in_rounds(options.rounds, &cell, &mut sides, &reads).await?;
            let aims = aims_of(options.engine, route, clients);
            missed += table::print_cell(&cell, &sides, &measurements, &aims);
            failed += measurements.iter().flatten().map(Measurement::failed_count).sum::<usize>();
        }
    }
    missed += table::print_memory(&sides);
    println!("missed aims: {missed}, failed requests: {failed}");
    Ok(failed == 0)
}

/// Prepares what a route reads, on each side once.
async fn prepare_reads(route: Route, sides: &[Side]) -> Result<Vec<Option<ClientTemplates>>, Failure> {
    let mut all = Vec::new();
    for side in sides {
        all.push(if route.is_read() { Some(route.prepare(side, MAX_CLIENTS).await?) } else { None });
    }
    Ok(all)
}

/// Measures a cell on each side in alternating rounds. Returns the measurements of each side.
async fn measure_in_rounds(
    rounds: u32,
    cell: &Cell<'_>,
    sides: &mut [Side],
    reads: &[Option<ClientTemplates>],
) -> Result<Vec<Vec<Measurement>>, Failure> {
    let mut measurements: Vec<_> = sides.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        let mut of_round: Vec<_> = sides.iter_mut().zip(reads).zip(&mut measurements).collect();
        // The side that is measured first changes.
        if round % 2 == 1 {
            of_round.reverse();
        }
        for ((side, reads), measurements) in of_round {
            measurements.push(cell.measure(side, reads.as_ref()).await?);
        }
    }
    Ok(measurements)
}
