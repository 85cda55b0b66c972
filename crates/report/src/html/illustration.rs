//! A figure as the page takes it: title, caption and drawing.

use crate::figures::Figure;

/// A figure as the page takes it.
#[derive(Clone, Copy, Debug)]
pub struct Illustration<'f> {
    /// Its name, such as `efSearch_study_overlap`; decides where it stands.
    pub name: &'f str,
    /// Its title.
    pub title: &'f str,
    /// What to see in it.
    pub caption: &'f str,
    /// The drawing, an `<svg>` element.
    pub svg: &'f str,
}

impl<'f> From<&'f Figure> for Illustration<'f> {
    fn from(figure: &'f Figure) -> Self {
        Self {
            name: &figure.name,
            title: &figure.title,
            caption: &figure.caption,
            svg: &figure.svg,
        }
    }
}
