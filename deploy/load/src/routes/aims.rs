//! The aims of issue 16.

use super::figures::CellFigures;
use super::route::Route;
use clap::ValueEnum;
use std::fmt;

/// The stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// All programs in one process, on SQLite.
    Sqlite,
    /// Separate programs on PostgreSQL.
    Postgres,
    /// Separate programs, messages and branches on MongoDB's protocol.
    Mongo,
}

/// An aim for a figure of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// The CPU time of the programs per request, in milliseconds.
    ProgramsCpuMs(f64),
    /// Requests per second.
    Goodput(f64),
    /// The median latency, in milliseconds.
    P50Ms(f64),
}

impl Aim {
    /// Whether the figures reach the aim.
    pub(crate) fn is_reached(self, figures: &CellFigures) -> bool {
        match self {
            Self::ProgramsCpuMs(most) => figures.programs_cpu_ms <= most,
            Self::Goodput(least) => figures.goodput >= least,
            Self::P50Ms(most) => figures.p50_ms <= most,
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProgramsCpuMs(most) => write!(f, "{most:.2} ms CPU"),
            Self::Goodput(least) => write!(f, "{least}/s"),
            Self::P50Ms(most) => write!(f, "p50 {most} ms"),
        }
    }
}

/// The aims of a cell. Separate programs have the same ones on PostgreSQL alone as beside MongoDB's protocol.
pub(crate) fn aims_of(engine: Engine, route: Route, clients: usize) -> Vec<Aim> {
    if clients == 1 {
        let is_aim = route == Route::CreateBranch && engine != Engine::Sqlite;
        return if is_aim { vec![Aim::P50Ms(3.0)] } else { Vec::new() };
    }
    let (separate_cpu_ms, embedded_cpu_ms) = match route {
        Route::CreateChat => (0.20, 0.22),
        Route::GetChat => (0.20, 0.25),
        Route::AddMessage => (0.22, 0.22),
        Route::CreateBranch => (0.50, 0.40),
        Route::GetBranches => (0.35, 0.25),
        Route::SetActiveBranch => (0.25, 0.22),
        Route::GetMessages => (0.25, 0.28),
        Route::AddMessageHot | Route::GetBranches1000 => return Vec::new(),
    };
    let is_embedded = engine == Engine::Sqlite;
    let mut aims = vec![Aim::ProgramsCpuMs(if is_embedded { embedded_cpu_ms } else { separate_cpu_ms })];
    if route == Route::AddMessage {
        aims.push(Aim::Goodput(if is_embedded { 5000.0 } else { 3000.0 }));
    }
    aims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_reached_at_its_bound_and_missed_beyond_it() {
        let figures = CellFigures {
            goodput: 3000.0,
            p50_ms: 3.0,
            p99_ms: 9.0,
            programs_cpu_ms: 0.22,
            databases_cpu_ms: 9.0,
        };
        for (reached, missed) in [
            (Aim::Goodput(3000.0), Aim::Goodput(3001.0)),
            (Aim::P50Ms(3.0), Aim::P50Ms(2.9)),
            (Aim::ProgramsCpuMs(0.22), Aim::ProgramsCpuMs(0.21)),
        ] {
            assert!(reached.is_reached(&figures));
            assert!(!missed.is_reached(&figures));
        }
    }

    #[test]
    fn a_cell_has_the_aims_of_its_engine_and_its_clients() {
        let append = |engine, clients| aims_of(engine, Route::AddMessage, clients);
        assert_eq!(append(Engine::Sqlite, 32), [Aim::ProgramsCpuMs(0.22), Aim::Goodput(5000.0)]);
        assert_eq!(append(Engine::Mongo, 32), [Aim::ProgramsCpuMs(0.22), Aim::Goodput(3000.0)]);
        assert_eq!(append(Engine::Mongo, 1), []);
        assert_eq!(aims_of(Engine::Sqlite, Route::CreateBranch, 32), [Aim::ProgramsCpuMs(0.40)]);
        assert_eq!(aims_of(Engine::Postgres, Route::CreateBranch, 32), [Aim::ProgramsCpuMs(0.50)]);
        assert_eq!(aims_of(Engine::Mongo, Route::CreateBranch, 1), [Aim::P50Ms(3.0)]);
    }
}
