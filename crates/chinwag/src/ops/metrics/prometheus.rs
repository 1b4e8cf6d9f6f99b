//! The metrics in Prometheus' text format 0.0.4, from those of OpenMetrics. Pure.
//!
//! What differs: there a family of counters is called as its samples are, `_total` included, `unknown` is `untyped`, and there are neither
//! units nor an end. Gauges, histograms and all samples are the same in both.

/// The same metrics in the older format.
pub(super) fn from_openmetrics(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len() + open_metrics.len() / 32);
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        // The words about a family stand before its type, by which it is called.
        let next = lines.peek().copied().unwrap_or_default();
        match (line.strip_prefix("# HELP "), family(line).or_else(|| family(next))) {
            (Some(help), Some((name, "counter"))) if help.starts_with(name) => {
                let words = &help[name.len()..];
                text.extend(["# HELP ", name, "_total", words]);
            }
            (None, Some((name, "counter"))) if family(line).is_some() => {
                text.extend(["# TYPE ", name, "_total counter"]);
            }
            (None, Some((name, "unknown"))) if family(line).is_some() => {
                text.extend(["# TYPE ", name, " untyped"]);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// The name and the type of a family, if this line tells them.
fn family(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_called_as_their_samples() {
        let open = "# HELP a_joins People who came.\n# TYPE a_joins counter\na_joins_total 2\n\
             # HELP a_people People.\n# TYPE a_people gauge\na_people 1\n\
             # HELP a_cut Cut.\n# TYPE a_cut counter\na_cut_total{reason=\"x\"} 0\n\
             # HELP s Time.\n# TYPE s histogram\n# UNIT s seconds\ns_sum 0.5\ns_bucket{le=\"+Inf\"} 1\n\
             # TYPE odd unknown\nodd 1\n# EOF\n";
        let older = "# HELP a_joins_total People who came.\n# TYPE a_joins_total counter\na_joins_total 2\n\
             # HELP a_people People.\n# TYPE a_people gauge\na_people 1\n\
             # HELP a_cut_total Cut.\n# TYPE a_cut_total counter\na_cut_total{reason=\"x\"} 0\n\
             # HELP s Time.\n# TYPE s histogram\ns_sum 0.5\ns_bucket{le=\"+Inf\"} 1\n\
             # TYPE odd untyped\nodd 1\n";
        assert_eq!(from_openmetrics(open), older);
    }
}
