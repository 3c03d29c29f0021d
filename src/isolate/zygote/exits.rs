//! The exits of programs that a job is done again with.
//!
//! A program that calls `exit` or `abort` ends the process of its run. In life only its own process ends. So the driver does the
//! job again, and tells the new process when to end that program.

use wavetank_sim::hermetic::exits::{Exit, ExitCall};

/// How often a program may end itself in a run. Our choice: with a back-off of 5 minutes at most, these are more than an hour.
const MOST: usize = 20;

/// The exits of a job so far.
#[derive(Default)]
pub(super) struct Exits(Vec<Exit>);

impl Exits {
    pub(super) fn known(&self) -> &[Exit] {
        &self.0
    }

    /// Adds an exit, with which the job is to be done again.
    ///
    /// # Errors
    /// The job cannot be done again. In words, how its process ended.
    pub(super) fn learn(&mut self, call: ExitCall) -> Result<(), String> {
        let ExitCall { program, is_leftover, exit, .. } = call;
        let code = exit.code;
        let Some(program) = program else {
            return Err(format!("exit code {code}: a task of an unknown program ended it"));
        };
        if is_leftover {
            return Err(format!(
                "exit code {code}: a task that an ended incarnation of {program} has left behind called exit while other \
                 programs ran; end such a task with the root future, by `JoinSet` or `select!`"
            ));
        }
        let of_host = |known: &&Exit| (known.attempt, known.host) == (exit.attempt, exit.host);
        let earlier: Vec<&Exit> = self.0.iter().filter(of_host).collect();
        if earlier.iter().any(|known| known.incarnation == exit.incarnation) {
            return Err(format!(
                "exit code {code}: {program} called exit, and not at the same time when the run was done again"
            ));
        }
        if earlier.len() == MOST {
            return Err(format!("exit code {code}: {program} called exit for the {}st time", MOST + 1));
        }
        self.0.push(exit);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exits, MOST};
    use wavetank_sim::hermetic::exits::{Exit, ExitCall};

    fn call(host: u32, incarnation: u32) -> ExitCall {
        let (turn, in_task, wall_ns, last_words) = (7, false, 0, Vec::new());
        let exit = Exit { attempt: 1, host, incarnation, turn, in_task, wall_ns, code: 3, last_words };
        ExitCall { seed: 1, program: Some("op".into()), is_leftover: false, exit }
    }

    #[test]
    fn a_program_may_exit_so_often_and_once_in_each_life() {
        let mut exits = Exits::default();
        for incarnation in 1..=MOST as u32 {
            assert_eq!(exits.learn(call(5, incarnation)), Ok(()));
        }
        assert_eq!(exits.learn(call(6, 1)), Ok(()), "another host has its own number");
        let how = exits.learn(call(5, 21)).expect_err("it is too often");
        assert_eq!(how, "exit code 3: op called exit for the 21st time");
        let how = exits.learn(call(6, 1)).expect_err("that life is over");
        assert!(how.contains("not at the same time when the run was done again"), "{how}");
        let how = exits.learn(ExitCall { program: None, ..call(7, 1) }).expect_err("nobody to end");
        assert!(how.contains("a task of an unknown program"), "{how}");
        assert_eq!(exits.known().len(), MOST + 1);
    }
}
