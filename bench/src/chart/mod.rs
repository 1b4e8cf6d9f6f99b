//! Charts as SVG: bars and lines, drawn without a library, readable on light and on dark pages.

pub mod bars;
pub mod lines;
mod scale;
mod svg;

pub use self::scale::Scale;
