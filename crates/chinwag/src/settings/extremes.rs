//! The extremes of each setting: every value is taken or refused with a message.
//!
//! Every setting of the table is given every value here in every way: as a flag, a variable, and a line of a file. A server is
//! made of whatever is taken.

#[path = "../../tests/support/odd_values.rs"]
mod odd_values;

use super::sources::Environment;
use super::value::quote;
use super::{Setting, Settings, Sources, TABLE};
use crate::server::Server;
use crate::server::config::Config;
use crate::server::resources::Resources;
use odd_values::{ODD, numbers};
use std::path::Path;

/// Units, and what has none.
const UNITS: [&str; 10] = ["", "ms", "s", "m", "h", "d", "B", "KiB", "MiB", "GiB"];

/// All values for a setting; numbers with units for times and sizes.
fn values(setting: &Setting) -> Vec<String> {
    let long = ["x".repeat(100_000), "9".repeat(1_000), format!("/tmp/{}", "y/".repeat(5_000))];
    let numbers = numbers();
    let mut values: Vec<String> = ODD.iter().map(ToString::to_string).chain(long).collect();
    let has_units = ["TIME", "SIZE"].contains(&setting.placeholder);
    for unit in if has_units { &UNITS[..] } else { &UNITS[..3] } {
        values.extend(numbers.iter().map(|number| format!("{number}{unit}")));
    }
    values
}

/// What the sources say with this value given in one of four ways.
fn ways(setting: &'static Setting, value: &str) -> Vec<Option<Settings>> {
    let flags =
        Sources { flags: vec![(setting.key, vec![value.to_owned()])], ..Sources::default() };
    let variables = vec![(setting.variable(), value.to_owned())];
    let variable = Sources {
        environment: Environment { variables, ..Environment::default() },
        ..Sources::default()
    };
    let quoted = quote(value);
    let texts = [
        format!("{} = {quoted}\n", setting.key),
        format!("{} = [{quoted}]\n", setting.key),
        format!("{} = {value}\n", setting.key),
    ];
    let file = |text: &String| {
        let outcome = Sources::default().combine(Some((Path::new("f"), text)));
        outcome.map(|effective| effective.settings)
    };
    let words = [flags, variable].map(|sources| sources.combine(None).map(|all| all.settings));
    let outcomes = words.into_iter().chain(texts.iter().map(file));
    outcomes
        .map(|outcome| match outcome {
            Ok(settings) => Some(settings),
            Err(refused) => {
                let told = refused.to_string();
                assert!(!told.is_empty() && told.lines().count() <= 10, "{told}");
                None
            }
        })
        .collect()
}

#[test]
fn every_value_of_every_setting_is_taken_or_refused_in_words() {
    let mut taken = 0;
    for setting in TABLE {
        for value in &values(setting) {
            for settings in ways(setting, value).into_iter().flatten() {
                taken += 1;
                // What it is shown as says the same again.
                let shown = format!("{} = {}\n", setting.key, setting.show(&settings));
                let again = Sources::default().combine(Some((Path::new("g"), &shown)));
                let again = again.map(|effective| effective.settings);
                if settings != again.clone().unwrap_or_default() {
                    panic!("{}: {value:?} is shown as {shown:?}: {again:?}", setting.key);
                }
                let config = Config::from_settings(&settings, 1_000);
                let server = Server::with_resources(Vec::new(), config, Resources::default());
                drop(server.expect("no listener can fail"));
            }
        }
    }
    assert!(taken > 1_000, "{taken}");
}
