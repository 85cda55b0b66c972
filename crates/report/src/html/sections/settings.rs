//! Settings, machine and where the time went.

use crate::html::table::{Columns, Table};
use crate::html::view::View;
use crate::html::writer::{Html, escape};
use crate::text::number::{counted, percent, seconds};
use annatomy_study::results::{Conventions, StageSeconds};

/// Writes settings, machine and seconds.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    html.section("settings", "Settings, machine, time", |html| {
        html.within("dl", "facts", |html| {
            for (term, value) in settings(view).into_iter().chain(machine(view)) {
                html.trusted(&format!(
                    "<div><dt>{}</dt><dd>{}</dd></div>\n",
                    escape(term),
                    escape(&value)
                ));
            }
        });
        time(view).write(html);
    });
}

fn settings(view: &View<'_>) -> Vec<(&'static str, String)> {
    let settings = &view.results.settings;
    let all = |number: Option<usize>| {
        number.map_or_else(|| "all".to_owned(), |number| number.to_string())
    };
    let joined = |values: &[usize]| {
        values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let alphas = settings
        .alpha_values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let conventions = match settings.conventions {
        Conventions::Corrected => "corrected",
        Conventions::Published => "published",
    };
    vec![
        ("data", settings.data.clone()),
        ("runs", format!("{} of {}", view.runs(), settings.runs)),
        ("rows drawn per run", all(settings.subset)),
        ("rows that are queries", all(settings.sample)),
        ("seed", settings.seed.to_string()),
        ("metric", settings.metric.to_string()),
        ("graph preset", settings.preset.to_string()),
        ("M", settings.m.to_string()),
        (
            "ef_construction, configured",
            settings.ef_construction.to_string(),
        ),
        ("ef_search values", joined(&settings.ef_values)),
        (
            "ef_construction values",
            joined(&settings.ef_construction_values),
        ),
        (
            "those searched at ef_search",
            settings.ef_search.to_string(),
        ),
        ("α values", alphas),
        ("k", grid(&settings.ks)),
        (
            "experiments",
            settings
                .studies
                .iter()
                .map(|study| study.folder())
                .collect::<Vec<_>>()
                .join(", "),
        ),
        (
            "measurements.csv holds",
            format!("{conventions} conventions"),
        ),
    ]
}

fn machine(view: &View<'_>) -> Vec<(&'static str, String)> {
    let machine = &view.results.machine;
    vec![
        ("annatomy", machine.version.clone()),
        ("platform", machine.platform.clone()),
        ("processor", machine.processor.clone()),
        ("instructions", machine.instructions.clone()),
        ("threads", machine.threads.to_string()),
        ("started (UTC)", machine.started.clone()),
    ]
}

/// `10 to 500 by 10` for an even grid, the values otherwise.
fn grid(ks: &[usize]) -> String {
    match ks {
        [first, second, .., last]
            if ks.len() > 3
                && ks
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] == second - first) =>
        {
            format!("{first} to {last} by {}", second - first)
        }
        _ => ks
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Reads the seconds of one stage.
type Reader = fn(&StageSeconds) -> f64;

fn time(view: &View<'_>) -> Table {
    let stages: [(&str, Reader); 7] = [
        ("vectors read or generated", |seconds| seconds.data),
        ("exact distances, certified and ranked", |seconds| {
            seconds.distances
        }),
        ("graphs built", |seconds| seconds.build),
        ("traversals", |seconds| seconds.traverse),
        ("measures", |seconds| seconds.measure),
        ("insertion orders", |seconds| seconds.order),
        ("methods", |seconds| seconds.methods),
    ];
    let total = |read: Reader| {
        view.results
            .runs
            .iter()
            .map(|run| read(&run.seconds))
            .sum::<f64>()
    };
    let all: f64 = stages.iter().map(|(_, read)| total(*read)).sum();
    let caption = format!(
        "Where the time went, {} together.",
        counted(view.runs() as u64, "run", "runs")
    );
    let mut table = Table::new(&caption, Columns::Numbers, &["stage", "time", "share"]);
    for (name, read) in stages {
        if total(read) == 0.0 {
            continue;
        }
        table.row([
            name.to_owned(),
            seconds(total(read)),
            percent(total(read) / all),
        ]);
    }
    table.row(["all".to_owned(), seconds(all), String::new()]);
    table
}
