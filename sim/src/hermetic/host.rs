//! Which host runs on this thread, and what its process would know of the machine.
//!
//! All programs of a run share a thread. The stage says whose root future it polls; a thread that a program starts belongs to
//! that program's host. A task that a program has spawned is polled by tokio: [`owners`] knows whose it is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fmt;
use std::ptr::{self, null};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::escapes::Reach;
use super::owners::Owner;
use super::{owners, shared};

/// What a host's process knows of itself and of its machine.
#[derive(Debug)]
pub struct HostIdentity {
    name: CString,
    program: String,
    variables: Vec<(CString, CString)>,
    permitted: Vec<Reach>,
    /// Whether it has looked for the configuration of a cluster.
    seeks_cluster: AtomicBool,
}

impl HostIdentity {
    /// A host with this name, which `gethostname` answers, and its environment variables. The program may reach what is
    /// permitted.
    pub fn new<'v>(
        name: &str,
        program: &str,
        variables: impl Iterator<Item = (&'v str, &'v str)>,
        permitted: &[Reach],
    ) -> Arc<Self> {
        let variables = variables.map(|(key, value)| (c_string(key), c_string(value))).collect();
        let (name, program, permitted) = (c_string(name), program.to_owned(), permitted.to_vec());
        Arc::new(Self { name, program, variables, permitted, seeks_cluster: AtomicBool::new(false) })
    }

    pub(super) fn name(&self) -> &CStr {
        &self.name
    }

    /// Its own value of an environment variable.
    pub(super) fn variable(&self, name: &CStr) -> Option<&CStr> {
        self.variables.iter().find(|(key, _)| key.as_c_str() == name).map(|(_, value)| value.as_c_str())
    }

    pub(super) fn permits(&self, reach: Reach) -> bool {
        self.permitted.contains(&reach)
    }

    pub(super) fn permitted(&self) -> &[Reach] {
        &self.permitted
    }

    pub(super) fn note_that_it_seeks_a_cluster(&self) {
        self.seeks_cluster.store(true, Ordering::Relaxed);
    }

    pub(super) fn seeks_cluster(&self) -> bool {
        self.seeks_cluster.load(Ordering::Relaxed)
    }
}

impl fmt::Display for HostIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.to_string_lossy();
        if name == self.program { f.write_str(&name) } else { write!(f, "{} on {name}", self.program) }
    }
}

/// A text without what C strings cannot hold.
fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "")).expect("the text has no NUL")
}

thread_local! {
    static POLLED: Cell<*const HostIdentity> = const { Cell::new(null()) };
    /// The hosts that have a living process, by address.
    static LIVING: RefCell<BTreeMap<u32, Arc<HostIdentity>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Runs code of a host: what it asks of the machine is answered for that host.
pub(crate) fn as_host<T>(host: &Arc<HostIdentity>, code: impl FnOnce() -> T) -> T {
    struct Restore(*const HostIdentity);
    impl Drop for Restore {
        fn drop(&mut self) {
            POLLED.set(self.0);
        }
    }
    let _restore = Restore(POLLED.replace(Arc::as_ptr(host)));
    super::clock::polled();
    code()
}

/// Says which hosts have a living process, by their address on the wire.
pub fn set_living(living: impl Iterator<Item = (u32, Arc<HostIdentity>)>) {
    let _ = LIVING.try_with(|slot| *slot.borrow_mut() = living.collect());
}

/// Notes what a host that will run may reach.
pub fn admit(host: &HostIdentity) {
    shared::with(|shared| shared.permit(host.permitted()));
}

/// Runs a turn of an incarnation, on the machine of its host.
pub fn run_as<T>(owner: Owner, host: &Arc<HostIdentity>, code: impl FnOnce() -> T) -> T {
    owners::run_as(owner, || as_host(host, code))
}

/// The host whose code runs on this thread, if that is known.
pub(super) fn current() -> Option<Arc<HostIdentity>> {
    let polled = POLLED.get();
    if !polled.is_null() {
        // SAFETY: `as_host` and `adopt` set it from an Arc that lives as long as it is set.
        return Some(unsafe {
            Arc::increment_strong_count(polled);
            Arc::from_raw(polled)
        });
    }
    let owner = owners::current()?;
    LIVING.try_with(|living| living.try_borrow().ok()?.get(&owner.host).cloned()).ok().flatten()
}

/// This thread belongs to a host, or to none that is known. The host must outlive the thread.
pub(super) fn adopt(host: Option<&Arc<HostIdentity>>) {
    POLLED.set(host.map_or(ptr::null(), Arc::as_ptr));
}

pub(super) fn forget() {
    POLLED.set(null());
    let _ = LIVING.try_with(|living| living.borrow_mut().clear());
}
