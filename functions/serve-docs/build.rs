//! Takes from Swagger UI the two files that the page needs, and packs them once.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).expect("the crate holds an archive");
    for name in FILES {
        let ending = format!("/dist/{name}");
        let mut paths = archive.file_names().filter_map(Result::ok);
        let inside = paths.find(|path| path.ends_with(&ending)).map(Cow::into_owned);
        drop(paths);
        let mut file = archive.by_name(&inside.expect("Swagger UI has the file")).expect("the file can be opened");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("the file can be unpacked");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes).expect("writing to memory does not fail");
        let gzipped = encoder.finish().expect("writing to memory does not fail");
        fs::write(Path::new(&out).join(name), bytes).expect("OUT_DIR can be written");
        fs::write(Path::new(&out).join(format!("{name}.gz")), gzipped).expect("OUT_DIR can be written");
    }
}
