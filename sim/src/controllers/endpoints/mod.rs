//! The pods behind a Service, in EndpointSlices and Endpoints.
//!
//! - `members`: the pods that a Service selects, updated at each change
//! - `slices`: EndpointSlices of Services with a selector
//! - `legacy`: the Endpoints of the same Services
//! - `port_order`: the order of ports
//! - `mirroring`: EndpointSlices for Endpoints that a user wrote

mod legacy;
mod members;
mod mirroring;
mod port_order;
mod slices;

pub(super) use legacy::LegacyEndpoints;
pub(super) use mirroring::Mirroring;
pub(super) use slices::EndpointSlices;

/// Label of a slice with its controller (discovery/v1 `LabelManagedBy`).
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// Label of a slice with its Service (discovery/v1 `LabelServiceName`).
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Label of Endpoints and slices of a Service without an address (core/v1 `IsHeadlessService`).
const HEADLESS: &str = "service.kubernetes.io/headless";
/// Annotation with the time of the change that led to this state (core/v1 `EndpointsLastChangeTriggerTime`).
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";
/// Label of Endpoints with their controller (pkg/controller/endpoint `LabelManagedBy`).
const ENDPOINTS_MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
/// Its value for the Endpoints controller; the mirroring controller skips these.
const ENDPOINT_CONTROLLER: &str = "endpoint-controller";
