//! Completions, manual pages and the version come from the definition of the arguments.

use crate::user::run;
use std::process::Command;

fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The long options that `--help` of a command lists.
fn options(command: &str) -> Vec<String> {
    let help = printed(&[command, "--help"]);
    let listed = help
        .lines()
        .filter_map(|line| line.trim_start().split_once("--"));
    let named = listed.filter(|(before, _)| before.is_empty() || before.ends_with(", "));
    let ends = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
    let mut options: Vec<String> = named
        .map(|(_, rest)| rest[..rest.find(ends).unwrap_or(rest.len())].to_owned())
        .collect();
    options.sort();
    options.dedup();
    options
}

const COMMANDS: [&str; 10] = [
    "study",
    "audit",
    "compare",
    "knn",
    "merge",
    "embed",
    "reproduce",
    "generate",
    "completions",
    "man",
];

#[test]
fn a_manual_page_names_every_option_and_the_examples() {
    for command in COMMANDS {
        let page = printed(&["man", command]);
        let title = format!(".TH annatomy-{command} 1");
        assert!(page.contains(&title), "{command}: {page}");
        assert!(page.contains(".SH EXAMPLES\n"), "{command} has no examples");
        for option in options(command) {
            let escaped = option.replace('-', "\\-");
            assert!(
                page.contains(&format!("\\-\\-{escaped}")),
                "{command}: no --{option} in its page"
            );
        }
    }
}

#[test]
fn the_manual_of_all_names_every_command() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH annatomy 1"), "{page}");
    assert!(!page.contains("instruction set"), "it is of one machine");
    for command in COMMANDS {
        assert!(
            page.contains(&format!("annatomy\\-{command}(1)")),
            "{command}"
        );
    }
}

#[test]
fn an_unknown_command_has_no_page() {
    let output = run(&["man", "serve"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("serve") && said.contains("study"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn completions_hold_every_command_and_option() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = printed(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
            for option in options(command) {
                // Fish writes `-l option`.
                let named = script.contains(&format!("--{option}"))
                    || script.contains(&format!("-l {option}"));
                assert!(named, "{shell}: --{option} of {command}");
            }
        }
    }
}

/// bash itself completes a half-typed option.
#[cfg(target_os = "linux")]
#[test]
fn bash_completes_an_option() {
    let script = printed(&["completions", "bash"]);
    let asked = format!(
        "{script}\nCOMP_WORDS=(annatomy audit --arith) COMP_CWORD=2\n\
         _annatomy annatomy --arith audit\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["-c", &asked])
        .output()
        .expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "--arithmetic\n");
}

#[test]
fn the_version_is_short_or_says_what_was_compiled_in() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(printed(&["-V"]), format!("annatomy {version}\n"));
    let long = printed(&["--version"]);
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!(lines[0], format!("annatomy {version}"));
    let known = ["scalar", "avx2+fma", "avx512f", "neon"];
    let set = lines[1].strip_prefix("instruction set: ").expect("a set");
    assert!(known.contains(&set), "{long}");
    let features = lines[2]
        .strip_prefix("optional features: ")
        .expect("features");
    assert_eq!(
        features.contains("parquet"),
        cfg!(feature = "parquet"),
        "{long}"
    );
    assert_eq!(features.contains("hdf5"), cfg!(feature = "hdf5"), "{long}");
}

/// Neither a variable nor the lack of a terminal may bring escape characters into a pipe.
#[test]
fn help_in_a_pipe_has_no_color() {
    for variable in [
        None,
        Some(("NO_COLOR", "1")),
        Some(("TERM", "xterm-256color")),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annatomy"));
        command.arg("--help").envs(variable);
        let output = command.output().expect("the command starts");
        assert!(!output.stdout.contains(&0x1b), "{variable:?}");
    }
}
