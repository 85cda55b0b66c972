//! PNG from SVG, at twice the page's units, with the embedded font and no other.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

const REGULAR: &[u8] = include_bytes!("font/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("font/DejaVuSans-Bold.ttf");
const PIXELS_PER_UNIT: f32 = 2.5;

/// Renders drawings; the fonts are read once.
pub(super) struct Renderer {
    fonts: Arc<fontdb::Database>,
}

impl Renderer {
    pub(super) fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(REGULAR.to_vec());
        fonts.load_font_data(BOLD.to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Self {
            fonts: Arc::new(fonts),
        }
    }

    /// The PNG's bytes, or what the rasterizer says.
    pub(super) fn render(&self, svg: &str) -> Result<Vec<u8>, String> {
        let options = Options {
            fontdb: Arc::clone(&self.fonts),
            ..Options::default()
        };
        let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
        let size = tree.size();
        let [width, height] =
            [size.width(), size.height()].map(|units| (units * PIXELS_PER_UNIT).ceil() as u32);
        let mut pixels =
            Pixmap::new(width, height).ok_or_else(|| format!("{width} × {height} pixels"))?;
        let scale = Transform::from_scale(PIXELS_PER_UNIT, PIXELS_PER_UNIT);
        resvg::render(&tree, scale, &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| error.to_string())
    }
}
