//! Seeds of hashers and generators that do not ask libc for each of their draws.
//!
//! `ahash` keeps two things for the whole process: its source of seeds, and keys it draws once. The first use decides both, so
//! they are settled before `main`, where no seed has been seen yet; the source then answers from the run of the asking thread.

#[cfg(feature = "hermetic")]
pub(super) use with_crates::{install, seed_thread};

#[cfg(not(feature = "hermetic"))]
pub(super) fn install() {}
#[cfg(not(feature = "hermetic"))]
pub(super) fn seed_thread() {}

#[cfg(feature = "hermetic")]
mod with_crates {
    use std::sync::Once;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ahash::random_state::{RandomSource, RandomState, set_random_source};

    use crate::hermetic::state;

    /// Any constant: ahash's process-wide keys must not depend on which seed runs first.
    const PROCESS_SEED: u64 = 0x7761_7665_7461_6e6b;

    struct FromRun;

    impl RandomSource for FromRun {
        fn gen_hasher_seed(&self) -> usize {
            static OUTSIDE: AtomicUsize = AtomicUsize::new(0);
            match state::next_u64() {
                Some(drawn) => drawn as usize,
                None => OUTSIDE.fetch_add(1, Ordering::Relaxed),
            }
        }
    }

    /// Settles what `ahash` keeps for the whole process; later calls do nothing.
    pub(in crate::hermetic) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            state::start(PROCESS_SEED, 0);
            // It fails only if ahash was in use before us, on systems without AT_START: then those hashers keep their seeds.
            let _ = set_random_source(FromRun);
            let _ = RandomState::new();
            state::leave();
        });
    }

    /// Seeds the generators that live in this thread.
    pub(in crate::hermetic) fn seed_thread() {
        if let Some(drawn) = state::next_u64() {
            fastrand::seed(drawn);
        }
    }

    extern "C" fn at_start() {
        install();
    }

    // SAFETY: the loader calls the functions of this section once, before `main`, on a thread whose stack, thread-locals
    // and allocator are up; `at_start` takes none of the arguments it is given and does not unwind.
    #[cfg(target_os = "linux")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static AT_START: extern "C" fn() = at_start;
}
