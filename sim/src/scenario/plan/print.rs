//! Prints plans. `parse` reads them back.

use std::fmt;

use super::{ExactWhen, Plan, PlannedFault};
use crate::scenario::range::Millis;
use crate::scenario::{EventPattern, FaultTarget, Pattern, Pick};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}", self.fault.name, self.target)?;
        let defaults = self.fault.default_args();
        let mut comma = if self.target == FaultTarget::Cluster { "" } else { ", " };
        for arg in self.fault.args {
            let value = self.args.get(arg.name).filter(|value| defaults.get(arg.name) != Some(value));
            let Some(value) = value else { continue };
            write!(f, "{comma}{}={value}", arg.name)?;
            comma = ", ";
        }
        write!(f, ")@{}", self.when)?;
        self.duration_ms.map_or(Ok(()), |ms| write!(f, "+{}", Millis(ms)))
    }
}

impl fmt::Display for FaultTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pick = match self {
            Self::Program { program, pick } => {
                program.fmt(f)?;
                pick
            }
            Self::Objects { kind, namespace, name, selector, hosting, pick } => {
                write!(f, "{kind}/")?;
                namespace.as_ref().map_or(Ok(()), |namespace| write!(f, "{namespace}/"))?;
                name.fmt(f)?;
                selector.as_ref().map_or(Ok(()), |selector| write!(f, "[{selector}]"))?;
                hosting.as_ref().map_or(Ok(()), |hosting| write!(f, " hosting [{hosting}]"))?;
                pick
            }
            Self::Image { image } => return write!(f, "image={image}"),
            Self::Cluster => return Ok(()),
        };
        if *pick == Pick::One { Ok(()) } else { write!(f, ":{pick}") }
    }
}

impl fmt::Display for ExactWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(ms) => Millis(*ms).fmt(f),
            Self::On { moment, event, nth } => write!(f, "{moment}({event}#{nth})"),
        }
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.actor.as_ref().map_or(Ok(()), |actor| write!(f, "{actor}: "))?;
        write!(f, "{} {}", self.verb, self.kind.as_ref().map_or("*", |kind| &kind.0))?;
        if self.subresource != Pattern::any() {
            write!(f, "/{}", self.subresource)?;
        }
        write!(f, "/{}/{}", self.namespace, self.name)?;
        self.selector.as_ref().map_or(Ok(()), |selector| write!(f, "[{selector}]"))
    }
}
