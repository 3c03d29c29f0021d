//! What the parts of a kubelet send through, and what each of their requests is for.

use crate::client::Client;
use crate::object::Str;
use crate::wire::Outbox;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Pods,
    Node,
    /// The status of the pod with this uid.
    Status(Str),
    /// The deletion of the pod with this uid.
    Delete(Str),
    Lease,
    NodeStatus,
    Register,
}

pub(super) struct Link<'a> {
    pub(super) client: &'a mut Client<Purpose>,
    pub(super) out: &'a mut Outbox,
}
