//! Work plan: what is still to do, in bytes and minutes.
//!
//! The times are rough, from these rates: 5 MB/s from the network, 10 pictures a second and thread
//! through ResNet-50, two minutes a run for a thread of study at 10,000 images and 50 k.

use std::fmt;
use std::time::Duration;

const NETWORK_BYTES_PER_SECOND: f64 = 5e6;
const PICTURES_PER_SECOND_AND_THREAD: f64 = 10.0;
const STUDY_SECONDS_PER_RUN_AND_THREAD: f64 = 120.0;
/// Images of a published run; the work of a study grows with their square.
const PUBLISHED_SUBSET: f64 = 1e4;

/// A file that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Bytes still to come.
    pub bytes: u64,
}

/// What is still to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Files to download.
    pub downloads: Vec<Missing>,
    /// Bytes that data still to come take on disk, downloads included.
    pub room_bytes: u64,
    /// Different images that the runs draw.
    pub images: usize,
    /// How many of them have no embedding yet.
    pub to_embed: usize,
    /// Runs of the study.
    pub runs: usize,
    /// Images per run.
    pub subset: usize,
    /// Threads that work.
    pub threads: usize,
}

impl Plan {
    /// Bytes to download.
    pub fn download_bytes(&self) -> u64 {
        self.downloads.iter().map(|missing| missing.bytes).sum()
    }

    /// About how long downloads, embeddings and study will take, should no run be finished.
    pub fn times(&self) -> [Duration; 3] {
        let threads = self.threads.max(1) as f64;
        let size = self.subset as f64 / PUBLISHED_SUBSET;
        [
            self.download_bytes() as f64 / NETWORK_BYTES_PER_SECOND,
            self.to_embed as f64 / PICTURES_PER_SECOND_AND_THREAD / threads,
            self.runs as f64 * STUDY_SECONDS_PER_RUN_AND_THREAD * size * size / threads,
        ]
        .map(Duration::from_secs_f64)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [download, embed, study] = self.times().map(minutes);
        for missing in &self.downloads {
            writeln!(
                formatter,
                "download  {:>9}  {}",
                size(missing.bytes),
                missing.url
            )?;
        }
        match self.downloads.len() {
            0 => writeln!(formatter, "download    nothing")?,
            _ => writeln!(
                formatter,
                "          {:>9}  in all, {download} at 5 MB/s",
                size(self.download_bytes())
            )?,
        }
        let kept = self.images - self.to_embed;
        writeln!(
            formatter,
            "embed     {} of {} images ({kept} kept), {embed}",
            self.to_embed, self.images
        )?;
        writeln!(
            formatter,
            "study     {} runs of {} images, {study}",
            self.runs, self.subset
        )?;
        write!(formatter, "room      {}", size(self.room_bytes))
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

fn minutes(time: Duration) -> String {
    match time.as_secs().div_ceil(60) {
        0 | 1 => "a minute or less".to_owned(),
        minutes @ 2..100 => format!("about {minutes} min"),
        minutes => format!("about {:.1} h", minutes as f64 / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_reads_as_a_table() {
        let url = "http://host/set.tar.gz".to_owned();
        let plan = Plan {
            downloads: vec![Missing {
                name: "set.tar.gz".to_owned(),
                url,
                bytes: 2_640_397_119,
            }],
            room_bytes: 6_326_000_000,
            images: 65_132,
            to_embed: 65_000,
            runs: 10,
            subset: 10_000,
            threads: 2,
        };
        let text = plan.to_string();
        for part in [
            "2.64 GB  http://host/set.tar.gz",
            "about 9 min at 5 MB/s",
            "65000 of 65132 images (132 kept), about 55 min",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(
            text.contains("10 runs of 10000 images, about 10 min")
                && text.ends_with("room      6.33 GB"),
            "{text}"
        );
    }
}
