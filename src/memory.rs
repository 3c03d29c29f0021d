//! The memory of the `wavetank` binary: an allocator for small objects, and huge pages for the code.
//!
//! A sweep does little else than to allocate small objects and to run many megabytes of code a few times each. All of it is
//! for speed alone: what the system refuses is left as it was. Profilers that look for code in files do not find what
//! was moved; build without the feature `allocator` for them.

/// Runs allocate and free objects by the hundred thousand, all of them small and none for longer than the run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prepares the memory of this process. To be called first: no other thread may run.
pub(crate) fn prepare() {
    keep_what_is_freed();
    #[cfg(target_os = "linux")]
    code::move_to_huge_pages();
}

/// Keeps what a run has freed for the next one: given back to the system, it would be cleared and mapped anew each time
/// (measured: 4 % of a sweep).
fn keep_what_is_freed() {
    /// `mi_option_purge_delay` of mimalloc.h, for which the crate has no name; -1 is never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: an option may be set while no other thread runs; `prepare` asks for that.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}

#[cfg(target_os = "linux")]
mod code {
    use std::ops::Range;
    use std::ptr::{copy_nonoverlapping, null_mut};

    /// A huge page of x86-64 and of AArch64 with pages of 4 KiB.
    const HUGE: usize = 2 << 20;

    /// Copies this program's code to huge pages and puts them in its place. The pages of a file that was linked just now are
    /// small and scattered (measured: 12 % of a sweep).
    pub(super) fn move_to_huge_pages() {
        let Some(code) = own_code() else { return };
        let (start, end) = (code.start.next_multiple_of(HUGE), code.end / HUGE * HUGE);
        let Some(len) = end.checked_sub(start).filter(|len| *len > 0) else { return };
        let (room, both) = (len + HUGE, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: new memory at an address of the system's choice.
        let new =
            unsafe { libc::mmap(null_mut(), room, both, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
        if new == libc::MAP_FAILED {
            return;
        }
        let at = new.addr().next_multiple_of(HUGE) - new.addr();
        // SAFETY: the copy lies within the new memory and is as long as the code, which is mapped and readable. `mremap` puts
        // the same bytes where they were, executable before they are there, in one step. No other thread runs.
        unsafe {
            let copy = new.byte_add(at);
            let moved = libc::madvise(copy, len, libc::MADV_HUGEPAGE) == 0 && {
                copy_nonoverlapping(start as *const u8, copy.cast(), len);
                libc::mprotect(copy, len, libc::PROT_READ | libc::PROT_EXEC) == 0 && {
                    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
                    libc::mremap(copy, len, len, flags, start as *mut libc::c_void) != libc::MAP_FAILED
                }
            };
            if moved {
                libc::munmap(new, at);
                libc::munmap(copy.byte_add(len), HUGE - at);
            } else {
                libc::munmap(new, room);
            }
        }
    }

    /// Where the code of this program is mapped.
    fn own_code() -> Option<Range<usize>> {
        let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
        let here = own_code as fn() -> Option<Range<usize>> as usize;
        let mut mappings = maps.lines().filter_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let number = |text| usize::from_str_radix(text, 16).ok();
            Some((number(start)?..number(end)?, rest.starts_with("r-x")))
        });
        mappings.find(|(range, code)| *code && range.contains(&here)).map(|(range, _)| range)
    }
}
