//! Neighbor counts as a user writes them: `10:500:10` (from, to, step; both ends included),
//! `10,90,500`, or `50`.

/// Why text is no list of neighbor counts.
#[derive(Debug, thiserror::Error)]
pub enum GridError {
    /// A part is no whole number.
    #[error("{part:?} in {text:?} is no whole number")]
    Number {
        /// The part.
        part: String,
        /// The whole text.
        text: String,
    },
    /// Not from:to:step with from ≤ to and a step above 0.
    #[error(
        "{text:?}: a range is FROM:TO:STEP with FROM at most TO and STEP at least 1, as in 10:500:10"
    )]
    Range {
        /// The whole text.
        text: String,
    },
    /// k = 0 asks for nothing.
    #[error("k = 0 in {text:?}: k must be at least 1")]
    Zero {
        /// The whole text.
        text: String,
    },
}

/// Most values a range may have.
const MOST_VALUES: usize = 100_000;

/// The ascending, distinct neighbor counts that `text` names.
pub fn parse_ks(text: &str) -> Result<Vec<usize>, GridError> {
    let number = |part: &str| {
        part.trim().parse::<usize>().map_err(|_| GridError::Number {
            part: part.to_owned(),
            text: text.to_owned(),
        })
    };
    let mut ks = if text.contains(':') {
        let parts = text.split(':').map(number).collect::<Result<Vec<_>, _>>()?;
        match parts[..] {
            [from, to, step] if step > 0 && from <= to && (to - from) / step < MOST_VALUES => {
                (from..=to).step_by(step).collect()
            }
            _ => {
                return Err(GridError::Range {
                    text: text.to_owned(),
                });
            }
        }
    } else {
        text.split(',').map(number).collect::<Result<Vec<_>, _>>()?
    };
    ks.sort_unstable();
    ks.dedup();
    if ks.first() == Some(&0) {
        return Err(GridError::Zero {
            text: text.to_owned(),
        });
    }
    Ok(ks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lists_and_single_values() {
        assert_eq!(parse_ks("10:50:20").expect("range"), [10, 30, 50]);
        assert_eq!(parse_ks("500, 10,90,10").expect("list"), [10, 90, 500]);
        assert_eq!(parse_ks("7").expect("one"), [7]);
    }

    #[test]
    fn nonsense_is_refused_with_its_text() {
        for text in [
            "",
            "a",
            "10:5:1",
            "1:9:0",
            "1:2",
            "0",
            "0:10:5",
            "-3",
            "1:18446744073709551615:1",
        ] {
            let error = parse_ks(text).expect_err(text).to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
