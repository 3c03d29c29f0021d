//! The ServiceAccount controller: keeps an account named `default` in every active namespace.
//!
//! Real: pkg/controller/serviceaccount. Modelled: all of it. Not modelled: token Secrets, which v1.36 does not create.

use super::namespace::is_active;
use super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::client::Change;
use crate::engine::Time;
use crate::object::Object;
use crate::value;
use crate::wire::resource::{NAMESPACES, SERVICE_ACCOUNTS};
use crate::wire::{Answer, ObjectKey, Request, Resource};

const DEFAULT: &str = "default";

/// The controller of default accounts.
#[derive(Clone, Debug)]
pub(super) struct ServiceAccounts;

impl Controller for ServiceAccounts {
    fn name(&self) -> &'static str {
        "serviceaccount-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NAMESPACES, *SERVICE_ACCOUNTS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        if resource == *NAMESPACES {
            out.push(SyncKey::of(resource, object));
        } else if change.new.is_none() && object.name() == DEFAULT {
            out.push(SyncKey::new(*NAMESPACES, ObjectKey::new("", object.namespace())));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let namespace = caches.of(*NAMESPACES).get(&target.key);
        let key = ObjectKey::new(target.key.name.clone(), DEFAULT);
        if namespace.is_some_and(|namespace| is_active(namespace))
            && caches.of(*SERVICE_ACCOUNTS).get(&key).is_none()
        {
            let account = value!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": DEFAULT, "namespace": (target.key.name.clone())}
            });
            out.then(Request::create(*SERVICE_ACCOUNTS, Object::shared(account)));
        }
        out
    }

    fn answered(&mut self, _: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        let there = answer.failure().is_some_and(|failure| failure.reason == "AlreadyExists");
        if there { Verdict::Fine } else { Verdict::usual(call, answer) }
    }
}
