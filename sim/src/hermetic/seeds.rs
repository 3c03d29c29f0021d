//! Seeds of hashers and generators that do not ask libc for each draw.
//!
//! `ahash` keeps a source of seeds and keys for the whole process, and its first use decides both. So we set them before `main`,
//! when no run has a seed yet. Our source then draws from the run of the calling thread.

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

    /// Our choice, because any constant will do: ahash's process-wide keys must not depend on which seed runs first.
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

    /// Sets the source and the keys of `ahash`. Later calls do nothing.
    pub(in crate::hermetic) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            state::start(PROCESS_SEED, 0);
            // Fails only without AT_START, if ahash was in use before: those hashers keep their seeds.
            let _ = set_random_source(FromRun);
            let _ = RandomState::new();
            state::leave();
        });
    }

    /// Seeds the generators of this thread.
    pub(in crate::hermetic) fn seed_thread() {
        if let Some(drawn) = state::next_u64() {
            fastrand::seed(drawn);
        }
    }

    extern "C" fn at_start() {
        install();
    }

    // SAFETY: the loader calls the functions of this section once, before `main`, on a thread whose stack, thread-locals
    // and allocator are ready; `at_start` ignores its arguments and does not unwind.
    #[cfg(target_os = "linux")]
    #[used]
    #[unsafe(link_section = ".init_array")]
    static AT_START: extern "C" fn() = at_start;
}
