//! The colours of the plots, in a light and a dark scheme.

use plotters::style::RGBColor;

/// A colour in both schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    light: (u8, u8, u8),
    dark: (u8, u8, u8),
}

const fn colour(light: (u8, u8, u8), dark: (u8, u8, u8)) -> Colour {
    Colour { light, dark }
}

/// The background.
pub(super) const PAPER: Colour = colour((0xff, 0xff, 0xff), (0x14, 0x17, 0x1c));
/// The background of a part that is to be told from the rest.
pub(super) const SHADE: Colour = colour((0xec, 0xf0, 0xf5), (0x21, 0x27, 0x30));
/// The lines of the grid.
pub(super) const GRID: Colour = colour((0xd4, 0xd8, 0xde), (0x3a, 0x40, 0x4a));
/// Text, and what is important.
pub(super) const INK: Colour = colour((0x1d, 0x21, 0x29), (0xe3, 0xe6, 0xeb));
/// Text and marks that stand back.
pub(super) const MUTED: Colour = colour((0x5a, 0x62, 0x6e), (0xa3, 0xab, 0xb8));

// Hues of about the same lightness, most of which readers with a colour-vision deficiency tell
// apart. The shapes of the marks tell those apart that compete with each other.
pub(super) const BLUE: Colour = colour((0x00, 0x5f, 0xb0), (0x5f, 0xb2, 0xf7));
pub(super) const ORANGE: Colour = colour((0xb3, 0x47, 0x00), (0xf5, 0x93, 0x3d));
pub(super) const GREEN: Colour = colour((0x00, 0x78, 0x57), (0x3d, 0xc9, 0x9a));
pub(super) const PURPLE: Colour = colour((0x97, 0x3f, 0x96), (0xdd, 0x98, 0xdb));
pub(super) const CYAN: Colour = colour((0x00, 0x76, 0x8c), (0x54, 0xc8, 0xdd));
pub(super) const OLIVE: Colour = colour((0x7d, 0x66, 0x00), (0xe0, 0xc3, 0x4a));

const ALL: [Colour; 11] = [
    PAPER, SHADE, GRID, INK, MUTED, BLUE, ORANGE, GREEN, PURPLE, CYAN, OLIVE,
];

impl Colour {
    /// Returns the colour to draw with, which is that of the light scheme.
    pub(super) fn rgb(self) -> RGBColor {
        let (red, green, blue) = self.light;
        RGBColor(red, green, blue)
    }
}

/// Returns the SVG with a style sheet that replaces the drawn colours in a dark scheme. Rules
/// override the attributes of the drawing; viewers without style sheets show the light scheme.
///
/// The style sheet of a drawing within a page holds for the whole page, hence the class.
pub(super) fn with_schemes(svg: &str) -> String {
    let hex = |(red, green, blue)| format!("#{red:02X}{green:02X}{blue:02X}");
    let rules = ALL.map(|Colour { light, dark }| {
        let (light, dark) = (hex(light), hex(dark));
        format!(
            ".mpsc-plot [fill=\"{light}\"]{{fill:{dark}}}\
             .mpsc-plot [stroke=\"{light}\"]{{stroke:{dark}}}"
        )
    });
    let style = format!(
        "<style>@media (prefers-color-scheme: dark){{{}}}</style>",
        rules.concat()
    );
    let svg = svg.replacen("<svg ", "<svg class=\"mpsc-plot\" ", 1);
    match svg.split_once('>') {
        Some((tag, rest)) => format!("{tag}>{style}{rest}"),
        None => svg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the relative luminance, as the Web Content Accessibility Guidelines define it.
    fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
        let linear = |channel: u8| match f64::from(channel) / 255.0 {
            low @ ..=0.04045 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn assert_contrast(front: Colour, least: f64) {
        for back in [PAPER, SHADE] {
            let contrasts = [
                contrast(front.light, back.light),
                contrast(front.dark, back.dark),
            ];
            let low = contrasts.iter().any(|contrast| *contrast < least);
            assert!(!low, "{front:?} on {back:?}: {contrasts:?}");
        }
    }

    #[test]
    fn contrast_matches_published_values() {
        assert_eq!(contrast((0, 0, 0), (255, 255, 255)), 21.0);
        let grey = contrast((0x76, 0x76, 0x76), (255, 255, 255));
        assert!((4.5..4.6).contains(&grey), "{grey}");
    }

    #[test]
    fn text_and_marks_contrast_with_their_background() {
        for text in [INK, MUTED, ORANGE] {
            assert_contrast(text, 4.5);
        }
        for mark in [BLUE, GREEN, PURPLE, CYAN, OLIVE] {
            assert_contrast(mark, 3.0);
        }
    }

    #[test]
    fn drawn_colours_are_distinct() {
        for (index, colour) in ALL.iter().enumerate() {
            let same = |other: &&Colour| other.light == colour.light;
            assert_eq!(ALL.iter().position(|it| same(&it)), Some(index));
        }
    }

    #[test]
    fn style_sheet_follows_the_opening_tag() {
        let svg = with_schemes("<svg width=\"1\">\n<text fill=\"#1D2129\"/></svg>");
        assert!(svg.starts_with("<svg class=\"mpsc-plot\" width=\"1\"><style>"));
        assert!(svg.contains(".mpsc-plot [fill=\"#1D2129\"]{fill:#E3E6EB}"));
        assert!(svg.ends_with("</style>\n<text fill=\"#1D2129\"/></svg>"));
    }
}
