//! The half width of `--until ±w`, as it is written.

use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// The half width that intervals of mean overlap are to have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Until(pub(super) f64);

/// No half width.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a half width between 0 and 0.5, such as ±0.005, not {0:?}")]
pub struct UntilError(String);

impl Until {
    /// ± `half_width`.
    ///
    /// # Errors
    /// Unless it lies between 0 and 0.5.
    pub fn new(half_width: f64) -> Result<Self, UntilError> {
        if half_width > 0.0 && half_width < 0.5 {
            Ok(Self(half_width))
        } else {
            Err(UntilError(half_width.to_string()))
        }
    }
}

impl FromStr for Until {
    type Err = UntilError;

    fn from_str(text: &str) -> Result<Self, UntilError> {
        let number = text.strip_prefix('±').or(text.strip_prefix("+-"));
        let number = number.unwrap_or(text).parse().ok();
        let wrong = || UntilError(text.to_owned());
        number
            .and_then(|half| Self::new(half).ok())
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "±{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_widths_are_written_with_or_without_their_sign() {
        for text in ["±0.005", "+-0.005", "0.005", "5e-3"] {
            assert_eq!(text.parse(), Ok(Until(0.005)), "{text}");
        }
        for text in ["", "±", "0", "-0.1", "0.5", "NaN", "5%"] {
            let error = text.parse::<Until>().expect_err("refused").to_string();
            assert!(error.contains("between 0 and 0.5"), "{error}");
        }
        assert_eq!(Until(0.005).to_string(), "±0.005");
    }
}
