//! The targets over their corpora, and over some thousand mutations of each: the same ones every time.

#![expect(clippy::unwrap_used, reason = "a file that can't be read is a failure of the test")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Declares a test for each target, with how many mutations it is run over.
macro_rules! smoke {
    ($($target:ident: $mutations:literal),+ $(,)?) => {
        $(#[test] fn $target() { smoke(stringify!($target), crosswalk_fuzz::$target, $mutations); })+
        const TESTED: &[&str] = &[$(stringify!($target)),+];
    };
}

// As many as take a second or so in an unoptimised build.
smoke! {
    address: 1000,
    cursor: 2000,
    kafka_event: 2000,
    kafka_record: 2000,
    merge_patch: 1000,
    phone: 500,
    token: 500,
    webhook: 1000,
}

#[test]
fn every_target_is_tested_and_has_a_corpus() {
    for folder in ["fuzz_targets", "corpus"] {
        let names: Vec<_> = files(folder).iter().map(|path| path.file_stem().unwrap().to_owned()).collect();
        assert_eq!(names, TESTED, "{folder}");
    }
}

fn smoke(name: &str, target: fn(&[u8]), mutations: u32) {
    let mut corpus = Vec::new();
    for path in files(&format!("corpus/{name}")) {
        eprintln!("{}", path.display());
        let input = fs::read(path).unwrap();
        target(&input);
        corpus.push(input);
    }
    let config = Config { cases: mutations, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let inputs = (select(corpus.clone()), prop::collection::vec(edit(corpus), 1..6));
    let inputs = inputs.prop_map(|(input, edits)| edits.iter().fold(input, |input, edit| edit.of(&input)));
    let outcome = runner.run(&inputs.prop_map(Shown), |Shown(input)| {
        target(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

/// What becomes of a part of an input: others come in its place.
#[derive(Debug, Clone)]
struct Edit {
    from: Index,
    length: usize,
    other: Vec<u8>,
}

impl Edit {
    fn of(&self, input: &[u8]) -> Vec<u8> {
        let from = self.from.index(input.len() + 1);
        let to = input.len().min(from + self.length);
        [&input[..from], &self.other, &input[to..]].concat()
    }
}

/// Any byte, what means something in JSON, in text or to a decoder, or a part of another input.
fn edit(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Edit> {
    let words: [&[u8]; 16] = [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"\"",
        b"\\u0000",
        b"-1",
        b"1e400",
        b",",
        b":",
        b"\n",
        b"\n\n",
        b" ",
        b"\xff",
        "é".as_bytes(),
        "\u{a0}".as_bytes(),
    ];
    let part = (select(corpus), any::<Index>(), 1..40_usize).prop_map(|(input, from, length)| {
        let from = from.index(input.len() + 1);
        input[from..input.len().min(from + length)].to_vec()
    });
    let other =
        prop_oneof![any::<u8>().prop_map(|byte| vec![byte]), select(words.to_vec()).prop_map(<[u8]>::to_vec), part,];
    (any::<Index>(), 0..4_usize, other).prop_map(|(from, length, other)| Edit { from, length, other })
}

/// An input that shows itself as a text that can be put into a file.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    // Folders have no order of their own, and the mutations are to be the same each time.
    paths.sort();
    paths
}
