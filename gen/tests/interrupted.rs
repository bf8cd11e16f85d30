//! Directories that are written while somebody kills the writer, or while somebody else writes the same one: the old or the
//! new one is there, whole.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use qrtl_random::Random;
use support::{Files, files};

/// Two blocks whose directories differ in most files.
const BLOCKS: [[&str; 2]; 2] = [["saturator", "--in-unsigned"], ["fixed_point_multiplier", "--width=16"]];

/// Kills of a writer.
const KILLS: usize = 200;

fn writer(dir: &Path, block: [&str; 2]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gen"));
    let args = ["emit", block[0], block[1], "--name", "top", "-o", "out"];
    command.current_dir(dir).args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What each block writes, and how long it takes. The last one is there.
fn whole(dir: &Path) -> ([Files; 2], Duration) {
    let start = Instant::now();
    let whole = BLOCKS.map(|block| {
        assert!(writer(dir, block).wait().unwrap().success(), "{block:?}");
        files(&dir.join("out"))
    });
    assert!(whole[0].len() > 5 && whole[0] != whole[1]);
    (whole, start.elapsed() / 2)
}

#[test]
fn a_writer_that_is_killed_at_any_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, time) = whole(dir.path());
    let (mut random, mut seen) = (Random::new(1), [0, 0]);
    for kill in 0..KILLS {
        let mut child = writer(dir.path(), BLOCKS[kill % 2]);
        thread::sleep(time.mul_f64(random.real(0.0, 1.2)));
        // It may have ended by then.
        let _ = child.kill();
        child.wait().unwrap();
        let there = files(&dir.path().join("out"));
        let which = whole.iter().position(|whole| *whole == there);
        seen[which.unwrap_or_else(|| panic!("kill {kill}: {} files, of neither", there.len()))] += 1;
    }
    println!("{KILLS} kills left {seen:?}");
}

#[test]
fn two_writers_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, _) = whole(dir.path());
    for round in 0..30 {
        if round % 3 == 0 {
            fs::remove_dir_all(dir.path().join("out")).unwrap();
        }
        let mut both = BLOCKS.map(|block| writer(dir.path(), block));
        let successes = both.iter_mut().filter_map(|child| child.wait().unwrap().success().then_some(())).count();
        let there = files(&dir.path().join("out"));
        assert!(successes > 0 && whole.contains(&there), "round {round}: {successes} say that they wrote it");
    }
    let left = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "what writers put together elsewhere is removed");
}
