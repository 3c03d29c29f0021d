//! Banned words. Each ban is a row: the words, where they are allowed, and what to use instead.

use super::source::{Finding, Source, words};

/// Where a ban applies.
#[derive(Clone, Copy, PartialEq)]
enum Where {
    /// Everywhere, tests included.
    Everywhere,
    /// Code that ships, so not in tests and benches.
    Shipped,
    /// Code of `sim` that ships.
    Sim,
    /// Test code.
    Tests,
}

struct Ban {
    words: &'static [&'static str],
    scope: Where,
    /// Files, or folders with a slash at the end, where the words are allowed.
    except: &'static [&'static str],
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: &[".unwrap()"],
        scope: Where::Shipped,
        except: &[],
        instead: "return an error, or `expect(\"the invariant\")` where only our own bug can break it",
    },
    Ban {
        words: &["#[ignore"],
        scope: Where::Everywhere,
        except: &[],
        instead: "make the test cheap, or delete it",
    },
    Ban {
        words: &["todo!", "unimplemented!", "dbg!"],
        scope: Where::Everywhere,
        except: &[],
        instead: "finish it, or answer with an error that names what is missing",
    },
    Ban {
        words: &["thread::sleep"],
        scope: Where::Tests,
        except: &[],
        instead: "use virtual time, or wait for the event itself",
    },
    Ban {
        words: &["unsafe"],
        scope: Where::Everywhere,
        except: &["sim/src/hermetic/", "src/isolate/sys.rs"],
        instead: "move it to `sim/src/hermetic` or `src/isolate/sys.rs`",
    },
    Ban {
        words: &["println!", "print!", "eprintln!", "eprint!", "io::stdout", "io::stderr"],
        scope: Where::Shipped,
        // The zygote writes its last message to a file that its driver reads.
        // Isolation `thread` says why it ends the process.
        except: &["src/report/", "src/isolate/zygote/serve.rs", "src/isolate/threads.rs"],
        instead: "return a value for `src/report`, which alone prints",
    },
    Ban {
        words: &["std::fs", "std::env", "std::process", "std::thread", "TcpListener", "TcpStream"],
        scope: Where::Sim,
        // It waits for threads that programs have started.
        except: &["sim/src/hermetic/escapes.rs"],
        instead: "files, environment, processes and threads belong to the root crate: take the value as an argument",
    },
    Ban {
        words: &["SystemTime", "std::time::Instant"],
        scope: Where::Sim,
        except: &["sim/src/hermetic/"],
        instead: "use the engine's clock",
    },
    Ban {
        words: &["clap", "serde_saphyr"],
        scope: Where::Sim,
        except: &[],
        instead: "the command line and YAML belong to the root crate",
    },
    Ban {
        words: &["serde_saphyr"],
        scope: Where::Shipped,
        except: &["src/scenario/"],
        instead: "read YAML in `src/scenario`",
    },
];

pub(crate) fn banned(source: &Source) -> Vec<Finding> {
    let tests = source.test_spans();
    let mut findings = Vec::new();
    for ban in BANS {
        if ban.except.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for word in ban.words {
            for at in words(&source.code, word) {
                let in_test = source.is_test || tests.iter().any(|span| span.contains(&at));
                if applies(ban.scope, &source.path, in_test) {
                    findings.push(source.finding(at, format!("`{word}`"), ban.instead));
                }
            }
        }
    }
    findings
}

fn applies(scope: Where, path: &str, in_test: bool) -> bool {
    match scope {
        Where::Everywhere => true,
        Where::Shipped => !in_test,
        Where::Sim => !in_test && path.starts_with("sim/"),
        Where::Tests => in_test,
    }
}

/// Marks of unfinished work in comments.
pub(crate) fn leftovers(source: &Source) -> Vec<Finding> {
    let marks = ["TODO", "FIXME", "XXX", "HACK"];
    let found = marks.iter().flat_map(|mark| words(&source.comments, mark).map(move |at| (at, mark)));
    found
        .map(|(at, mark)| {
            source.finding(at, format!("`{mark}`"), "do it, or write in the header what is missing")
        })
        .collect()
}

/// Glob imports, except `super::*` and proptest's prelude in tests.
pub(crate) fn globs(source: &Source) -> Vec<Finding> {
    let tests = source.test_spans();
    let mut findings = Vec::new();
    for at in words(&source.code, "use") {
        let Some(end) = source.code[at..].find(';') else { continue };
        let import: String = source.code[at + 3..at + end].split_whitespace().collect();
        let in_test = source.is_test || tests.iter().any(|span| span.contains(&at));
        let allowed = in_test && matches!(import.as_str(), "super::*" | "proptest::prelude::*");
        let is_glob = ["::*", "{*", ",*"].iter().any(|star| import.contains(star));
        if is_glob && !allowed {
            findings.push(source.finding(at, format!("glob import `{import}`"), "name the imported items"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{banned, globs, leftovers};

    /// The words found in a file, in the order of the rules.
    fn found(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(path, text, path.starts_with("tests/"));
        banned(&source).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn banned_words_are_found_where_they_are_banned() {
        assert_eq!(found("src/a.rs", "x.unwrap();"), ["`.unwrap()`"]);
        assert_eq!(found("tests/a.rs", "x.unwrap(); println!();"), [""; 0]);
        assert_eq!(found("src/a.rs", "#[cfg(test)] mod t { fn a() { x.unwrap(); } }"), [""; 0]);
        assert_eq!(found("tests/a.rs", "#[ignore = \"slow\"] fn a() { todo!() }"), ["`#[ignore`", "`todo!`"]);
        assert_eq!(found("tests/a.rs", "std::thread::sleep(x);"), ["`thread::sleep`"]);
        assert_eq!(found("src/isolate/a.rs", "unsafe { fork() }"), ["`unsafe`"]);
        assert_eq!(found("src/isolate/sys.rs", "unsafe { fork() }"), [""; 0]);
        assert_eq!(found("src/commands/run.rs", "println!(); // println!"), ["`println!`"]);
        assert_eq!(found("src/report/text.rs", "println!();"), [""; 0]);
        assert_eq!(found("sim/src/a.rs", "use std::fs; use std::env::var;"), ["`std::fs`", "`std::env`"]);
        assert_eq!(found("sim/src/a.rs", "std::time::Instant::now()"), ["`std::time::Instant`"]);
        assert_eq!(found("src/commands/run.rs", "serde_saphyr::from_str(x)"), ["`serde_saphyr`"]);
    }

    #[test]
    fn unfinished_work_is_found_only_in_comments() {
        let text = "// FIX".to_owned() + "ME: later\nlet a = \"TODO\";\n";
        assert_eq!(leftovers(&Source::new("src/a.rs", &text, false)).len(), 1);
    }

    #[test]
    fn glob_imports_are_found_except_two_in_tests() {
        let count = |text, is_test| globs(&Source::new("src/a.rs", text, is_test)).len();
        assert_eq!(
            (count("use a::*;", true), count("use a::{b, c::*};", true), count("pub use a::{\n*};", false)),
            (1, 1, 1)
        );
        assert_eq!((count("use super::*;", false), count("use super::*;", true)), (1, 0));
        assert_eq!((count("use proptest::prelude::*;", true), count("let x = a * b;", false)), (0, 0));
    }
}
