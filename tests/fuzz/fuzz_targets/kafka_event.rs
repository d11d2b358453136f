//! See `crosswalk_fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| crosswalk_fuzz::kafka_event(input));
