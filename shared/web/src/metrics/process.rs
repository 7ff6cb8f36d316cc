//! The process metrics of Prometheus' client libraries.
//! <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::fmt;

/// Reads `/proc` at each scrape. Without it, on systems other than Linux, there are no process metrics.
#[derive(Debug)]
pub(super) struct ProcessCollector;

/// The resources of the process.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ProcessUse {
    cpu_seconds: f64,
    start_time_seconds: f64,
    resident_memory_bytes: u64,
    virtual_memory_bytes: u64,
    threads: i64,
    open_fds: Option<u64>,
    /// `None` is no limit.
    max_fds: Option<u64>,
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(process) = ProcessUse::read() else { return Ok(()) };
        let help = "Time of the processor that the process has used, in user and system mode";
        encoder
            .encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, f64, u64>(&process.cpu_seconds, None)?;
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let help = "When the process was started, in seconds since 1970";
        encoder
            .encode_descriptor("process_start_time_seconds", help, None, MetricType::Gauge)?
            .encode_gauge(&process.start_time_seconds)?;
        for (name, help, value) in [
            (
                "process_resident_memory_bytes",
                "Memory that is resident",
                Some(signed(process.resident_memory_bytes)),
            ),
            ("process_virtual_memory_bytes", "Virtual memory", Some(signed(process.virtual_memory_bytes))),
            ("process_threads", "Threads", Some(process.threads)),
            ("process_open_fds", "File descriptors that are open", process.open_fds.map(signed)),
            ("process_max_fds", "File descriptors that may be open", process.max_fds.map(signed)),
        ] {
            if let Some(value) = value {
                encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

impl ProcessUse {
    #[cfg(target_os = "linux")]
    fn read() -> Option<Self> {
        use procfs::WithCurrentSystemInfo as _;
        use procfs::process::{LimitValue, Process};
        let process = Process::myself().ok()?;
        let stat = process.stat().ok()?;
        let ticks_per_second = procfs::ticks_per_second();
        let boot_time_seconds = procfs::boot_time_secs().ok()?;
        let max_fds = process.limits().ok().and_then(|limits| match limits.max_open_files.soft_limit {
            LimitValue::Value(max) => Some(max),
            LimitValue::Unlimited => None,
        });
        let seconds = |ticks: u64| as_f64(ticks) / as_f64(ticks_per_second);
        Some(Self {
            cpu_seconds: seconds(stat.utime + stat.stime),
            start_time_seconds: as_f64(boot_time_seconds) + seconds(stat.starttime),
            resident_memory_bytes: stat.rss_bytes().get(),
            virtual_memory_bytes: stat.vsize,
            threads: stat.num_threads,
            open_fds: process.fd_count().ok().and_then(|count| u64::try_from(count).ok()),
            max_fds,
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn read() -> Option<Self> {
        None
    }
}

/// Exact up to 2^53, which none of these numbers reaches.
#[cfg(target_os = "linux")]
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "there is no other way from u64 to f64"
)]
fn as_f64(number: u64) -> f64 {
    number as f64
}
