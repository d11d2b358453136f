//! What is served: each made when it is first asked for, and then kept.

use std::io::Write;
use std::sync::LazyLock;

use crosswalk::http::File;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::document::document;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The page may load its own files and ask this API. Swagger UI draws with images that stand in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DESCRIPTION: LazyLock<File> = LazyLock::new(|| {
    let json = document().to_json().expect("the description is plain data");
    packed("application/json", json.into_bytes())
});

static PAGE: LazyLock<File> = LazyLock::new(|| {
    let link = |page: String, asset: &Asset| page.replace(&format!("{{{}}}", asset.name), &asset.path());
    let html = ASSETS.iter().fold(include_str!("../page/index.html").to_owned(), link);
    packed("text/html; charset=utf-8", html.into_bytes()).allowing(POLICY)
});

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    let own = |name, media_type, text: &str| Asset { name, file: packed(media_type, text.into()).immutable() };
    [
        Asset { name: "swagger-ui-bundle.js", file: SWAGGER_UI_SCRIPT.file(SCRIPT) },
        Asset { name: "swagger-ui.css", file: SWAGGER_UI_STYLE.file(STYLE) },
        own("page.js", SCRIPT, include_str!("../page/page.js")),
        own("page.css", STYLE, include_str!("../page/page.css")),
    ]
});

/// A file that was packed when this was built.
struct Packed(&'static [u8], &'static [u8]);

const SWAGGER_UI_SCRIPT: Packed = Packed(
    include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js")),
    include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
);
const SWAGGER_UI_STYLE: Packed = Packed(
    include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css")),
    include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
);

/// A file of the page.
struct Asset {
    name: &'static str,
    file: File,
}

/// The file that a path names.
pub(crate) fn at(path: &str) -> Option<&'static File> {
    match path {
        "/openapi.json" => Some(&DESCRIPTION),
        "/docs" => Some(&PAGE),
        _ => {
            let name = path.strip_prefix("/docs/")?;
            ASSETS.iter().find(|asset| asset.path() == name).map(|asset| &asset.file)
        }
    }
}

impl Asset {
    /// Its name with what it holds in it: another content is another file.
    fn path(&self) -> String {
        format!("{}.{}", self.file.tag, self.name)
    }
}

impl Packed {
    fn file(&self, media_type: &'static str) -> File {
        File::new(media_type, self.0, self.1).immutable()
    }
}

fn packed(media_type: &'static str, plain: Vec<u8>) -> File {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let gzipped = encoder.write_all(&plain).and_then(|()| encoder.finish()).expect("writing to memory does not fail");
    File::new(media_type, plain, gzipped)
}
