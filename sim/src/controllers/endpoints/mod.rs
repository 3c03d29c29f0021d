//! Which pods stand behind a Service, told in three ways.
//!
//! - `members`: the pods that a Service selects, followed change by change
//! - `slices`: EndpointSlices of Services with a selector
//! - `legacy`: the Endpoints object of the same Services
//! - `port_order`: in which order ports are listed
//! - `mirroring`: EndpointSlices for Endpoints that someone else wrote

mod legacy;
mod members;
mod mirroring;
mod port_order;
mod slices;

pub(super) use legacy::LegacyEndpoints;
pub(super) use mirroring::Mirroring;
pub(super) use slices::EndpointSlices;

/// Which controller a slice belongs to.
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// The Service that a slice is about.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Marks what belongs to a Service without an address.
const HEADLESS: &str = "service.kubernetes.io/headless";
/// The time of the change that led to this state.
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// On Endpoints: who wrote them; a slice does not mirror those of the controller.
const ENDPOINTS_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// Its value on those of the controller.
const ENDPOINT_CONTROLLER: &str = "endpoint-controller";
