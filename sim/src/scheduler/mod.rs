//! stub
use crate::engine::Draws; use crate::wire::*;
pub struct Scheduler; impl Scheduler { pub fn new(_: Draws) -> Self { Self } } impl Component for Scheduler { fn on(&mut self, _: Input, _: &mut Outbox) {} }
