//! Probes of tests: each asks a source of ambient state and says what it got. They are here because asking libc takes unsafe code.
#![allow(clippy::disallowed_types, reason = "std's map and clocks are what is tested")]
#![allow(clippy::disallowed_methods, reason = "the environment and files are what is tested")]

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::mem::zeroed;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What `gethostname` answers.
pub(crate) fn host_name() -> String {
    let mut name = [0; 256];
    // SAFETY: the buffer is writable for the length given, and longer than any name.
    let answered = unsafe { libc::gethostname(name.as_mut_ptr(), name.len()) };
    assert_eq!(answered, 0);
    text(&name)
}

/// What `kill` answers for signal 0, which does nothing.
pub(crate) fn signal(process: i32) -> i32 {
    // SAFETY: kill(2) takes any numbers.
    unsafe { libc::kill(process, 0) }
}

/// What each call answers that would leave a run, by its name: -1, or an error number.
pub(super) fn leaving() -> Vec<(&'static str, i64)> {
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 53_u16.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([192, 0, 2, 1]) },
        sin_zero: [0; 8],
    };
    let (to, length) =
        ((&raw const address).cast::<libc::sockaddr>(), size_of_val(&address) as libc::socklen_t);
    // SAFETY: addresses and headers are plain data, readable for the lengths given; texts end in NUL. A child of `fork`, if there
    // is one, ends at once.
    unsafe {
        let (tcp, udp) = (
            libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0),
            libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0),
        );
        let mut message: libc::mmsghdr = zeroed();
        (message.msg_hdr.msg_name, message.msg_hdr.msg_namelen) = (to.cast_mut().cast(), length);
        let (mut child, mut name) = (0, [0; 100]);
        let program = c"true";
        let none = std::ptr::null();
        let results = vec![
            ("connect", libc::connect(udp, to, length).into()),
            ("connect by number", libc::syscall(libc::SYS_connect, udp, to, length)),
            ("bind", libc::bind(tcp, to, length).into()),
            ("listen", libc::listen(tcp, 1).into()),
            ("sendto", libc::sendto(udp, none, 0, 0, to, length) as i64),
            ("sendmsg", libc::sendmsg(udp, &raw const message.msg_hdr, 0) as i64),
            ("sendmmsg", libc::sendmmsg(udp, &raw mut message, 1, 0).into()),
            (
                "getnameinfo",
                libc::getnameinfo(to, length, name.as_mut_ptr(), 100, std::ptr::null_mut(), 0, 0).into(),
            ),
            (
                "posix_spawn",
                libc::posix_spawn(
                    &raw mut child,
                    program.as_ptr(),
                    none.cast(),
                    none.cast(),
                    [].as_ptr(),
                    [].as_ptr(),
                )
                .into(),
            ),
            ("fork", forked()),
            ("system", libc::system(program.as_ptr()).into()),
            ("kill", libc::kill(2, 0).into()),
        ];
        libc::close(tcp);
        libc::close(udp);
        results
    }
}

fn forked() -> i64 {
    // SAFETY: a child ends at once.
    unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            child => child.into(),
        }
    }
}

fn text(bytes: &[libc::c_char]) -> String {
    let bytes: Vec<u8> = bytes.iter().map(|byte| *byte as u8).collect();
    CStr::from_bytes_until_nul(&bytes).expect("it ends in NUL").to_string_lossy().into_owned()
}

/// Randomness of the system, in all ways in which crates ask for it.
pub(super) fn random() -> String {
    let map: HashMap<u32, ()> = (0..32).map(|n| (n, ())).collect();
    let mut bytes = [[0; 16]; 5];
    getrandom_02::getrandom(&mut bytes[0]).expect("getrandom 0.2 answers");
    getrandom_03::fill(&mut bytes[1]).expect("getrandom 0.3 answers");
    getrandom_04::fill(&mut bytes[2]).expect("getrandom 0.4 answers");
    // SAFETY: both buffers are writable for the length given.
    unsafe {
        assert_eq!(libc::getentropy(bytes[3].as_mut_ptr().cast(), 16), 0);
        assert_eq!(libc::syscall(libc::SYS_getrandom, bytes[4].as_mut_ptr(), 16, 0), 16);
    }
    format!("{:?} {bytes:?}", map.keys().collect::<Vec<_>>())
}

pub(super) fn random_devices() -> String {
    let mut bytes = [[0; 16]; 2];
    for (path, bytes) in ["/dev/urandom", "/dev/random"].iter().zip(&mut bytes) {
        File::open(path).and_then(|mut file| file.read_exact(bytes)).expect("the device is there");
    }
    format!("{bytes:?}")
}

pub(super) fn ahash() -> String {
    format!("{}", ahash::RandomState::new().hash_one(1))
}

pub(super) fn fastrand() -> String {
    format!("{}", ::fastrand::u64(..))
}

/// The clocks, by `clock_gettime`, as std asks and by number.
pub(super) fn clocks() -> String {
    let clocks = [libc::CLOCK_PROCESS_CPUTIME_ID, libc::CLOCK_THREAD_CPUTIME_ID, libc::CLOCK_BOOTTIME];
    let read = clocks.map(|clock| {
        // SAFETY: a timespec is plain numbers, and writable.
        unsafe {
            let mut time: libc::timespec = zeroed();
            assert_eq!(libc::syscall(libc::SYS_clock_gettime, clock, &raw mut time), 0);
            (time.tv_sec, time.tv_nsec)
        }
    });
    format!("{:?} {:?} {read:?}", SystemTime::now(), Instant::now())
}

pub(super) fn old_clocks() -> String {
    // SAFETY: the answers are plain numbers, and writable; `time` takes null.
    unsafe {
        let (mut day, mut spec): (libc::timeval, libc::timespec) = (zeroed(), zeroed());
        assert_eq!(libc::gettimeofday(&raw mut day, std::ptr::null_mut()), 0);
        assert_eq!(timespec_get(&raw mut spec, 1), 1);
        let seconds = [libc::time(std::ptr::null_mut()), day.tv_sec, spec.tv_sec];
        format!("{seconds:?} {} {}", day.tv_usec, spec.tv_nsec)
    }
}

unsafe extern "C" {
    // Of C11; the libc crate does not have it.
    fn timespec_get(answer: *mut libc::timespec, base: libc::c_int) -> libc::c_int;
}

/// The local time at the wall clock's epoch, and back.
pub(super) fn local_time() -> String {
    let seconds: libc::time_t = 1_767_225_600; // 2026-01-01T00:00:00Z
    // SAFETY: a tm is plain numbers and a pointer to a static text, and writable.
    unsafe {
        let mut local: libc::tm = zeroed();
        assert!(!libc::localtime_r(&raw const seconds, &raw mut local).is_null());
        let back = libc::mktime(&raw mut local);
        let zone = std::env::var("TZ");
        let hour = local.tm_hour;
        format!(
            "{hour} {back} {zone:?} {}",
            jiff::tz::TimeZone::system().to_offset(jiff::Timestamp::UNIX_EPOCH)
        )
    }
}

pub(super) fn machine_name() -> String {
    // SAFETY: a utsname is plain bytes, and writable.
    let names: [libc::utsname; 2] = unsafe {
        let mut names: [libc::utsname; 2] = zeroed();
        assert_eq!(libc::uname(&raw mut names[0]), 0);
        assert_eq!(libc::syscall(libc::SYS_uname, &raw mut names[1]), 0);
        names
    };
    let [a, b] = names.map(|name| [text(&name.nodename), text(&name.release), text(&name.version)]);
    format!("{} {a:?} {b:?}", host_name())
}

pub(super) fn process_numbers() -> String {
    // SAFETY: these calls have no preconditions.
    let (parent, raw) = unsafe { (libc::getppid(), libc::syscall(libc::SYS_getpid)) };
    format!("{} {parent} {raw}", std::process::id())
}

pub(super) fn processors() -> String {
    let names = [libc::_SC_NPROCESSORS_ONLN, libc::_SC_NPROCESSORS_CONF, libc::_SC_PHYS_PAGES];
    // SAFETY: sysconf(3) takes any name.
    let answers = names.map(|name| unsafe { libc::sysconf(name) });
    format!("{:?} {answers:?}", std::thread::available_parallelism())
}

pub(super) fn variables() -> String {
    format!(
        "{:?}",
        ["HOSTNAME", "HOME", "USER", "KUBECONFIG", "POD_NAME", "OWN"].map(|name| std::env::var(name).ok())
    )
}

pub(super) fn locale() -> String {
    format!("{:?}", ["LANG", "LC_ALL", "LC_COLLATE", "LANGUAGE"].map(|name| std::env::var(name).ok()))
}

/// Every variable that the process has.
pub(super) fn all_variables() -> String {
    format!("{:?}", std::env::vars_os().collect::<Vec<_>>())
}

pub(super) fn files() -> String {
    format!("{:?} {:?}", std::env::current_dir(), std::fs::read_to_string("/proc/self/cmdline"))
}

pub(super) fn users() -> String {
    // SAFETY: getuid(2) has no preconditions.
    format!("{}", unsafe { libc::getuid() })
}

/// The machine's name by a system call that passes by libc.
pub(super) fn raw_call() -> String {
    // SAFETY: a utsname is plain bytes, and writable. The instruction changes no other memory.
    unsafe {
        let mut name: libc::utsname = zeroed();
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("syscall", inlateout("rax") libc::SYS_uname => _, in("rdi") &raw mut name, out("rcx") _, out("r11") _);
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!("svc 0", in("x8") libc::SYS_uname, inlateout("x0") (&raw mut name) => _);
        text(&name.nodename)
    }
}

/// Real milliseconds that a thread sleeps which wants to sleep 5 ms, by a clock that no run has.
pub(super) fn sleeping() -> String {
    let before = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    std::thread::park_timeout(std::time::Duration::from_millis(5));
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") - before;
    format!("{}", passed.as_millis())
}
