//! Tells cargo that the migrations are part of this crate: the macro that embeds them can't say so for new files.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
