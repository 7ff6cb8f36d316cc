//! Targets of log events. They stay when modules move, as logs are searched and filtered by them.

/// Origins that are not allowed.
pub(crate) const CORS: &str = "gateway::edge::cors";
/// The replicas that a look-up finds, or no longer finds.
pub(crate) const CLUSTER: &str = "gateway::fleet::replicas";
/// Replicas that are left out, and that are back.
pub(crate) const REPLICA: &str = "gateway::fleet::replica";
/// Documents of services.
pub(crate) const OPENAPI: &str = "gateway::openapi";
/// Requests that a service has answered.
pub(crate) const PROXY: &str = "gateway::proxy";
