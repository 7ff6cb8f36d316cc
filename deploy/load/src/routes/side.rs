//! One of the two sets of programs that are compared.

use crate::connection::socket_address;
use crate::failure::Failure;
use crate::memory::Programs;
use reqwest::{Client, Url};
use shared::http_client::http_client;
use std::net::SocketAddr;

/// Programs under load.
pub(crate) struct Side {
    /// Its name in the table.
    pub(crate) name: &'static str,
    pub(crate) http: Client,
    pub(crate) base: Url,
    pub(crate) address: SocketAddr,
    pub(crate) programs: Programs,
    /// The anonymous memory of each program before the load, and its peak at the most clients, in bytes.
    pub(crate) at_rest: Vec<u64>,
    pub(crate) peak: Vec<u64>,
}

impl Side {
    /// Programs before the load.
    pub(crate) fn new(name: &'static str, base: &Url, programs: Programs) -> Result<Self, Failure> {
        let at_rest = programs.anonymous()?;
        let peak = at_rest.clone();
        let (http, address) = (http_client()?, socket_address(base)?);
        Ok(Self { name, http, base: base.clone(), address, programs, at_rest, peak })
    }

    /// The processes of the programs.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.programs.iter().map(|program| program.pid).collect()
    }

    /// Includes the peak memory of each program during a cell.
    pub(crate) fn include_peak(&mut self, of_cell: &[u64]) {
        self.peak.iter_mut().zip(of_cell).for_each(|(peak, &of_cell)| *peak = of_cell.max(*peak));
    }
}
