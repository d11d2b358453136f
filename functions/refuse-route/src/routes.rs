//! The routes there are.

/// Path and method of every route in the template.
const ROUTES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// The methods that a path takes, in alphabetical order; none if it is no path of ours.
pub(crate) fn methods_of(path: &str) -> Vec<&'static str> {
    let fitting: Vec<_> = ROUTES.iter().filter(|(route, _)| fits(route, path)).collect();
    // Where a literal segment and a parameter both fit, the gateway takes the literal one, for any method it has.
    let literal = fitting.iter().any(|(route, _)| !route.contains('{'));
    let chosen = fitting.into_iter().filter(|(route, _)| !literal || !route.contains('{'));
    chosen.map(|(_, method)| *method).collect()
}

fn fits(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(given)) if is_parameter(expected) && !given.is_empty() => {}
            (Some(expected), Some(given)) if expected == given => {}
            _ => return false,
        }
    }
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::{fits, methods_of};

    #[test]
    fn the_methods_of_a_path_come_from_the_template() {
        assert_eq!(methods_of("/health"), ["GET"]);
        assert!(methods_of("/contacts/0192").contains(&"PATCH"));
        assert_eq!(methods_of("/nothing/here"), [""; 0]);
        assert_eq!(methods_of("/contacts/"), [""; 0]);
    }

    #[test]
    fn a_parameter_takes_one_segment_that_is_not_empty() {
        assert!(fits("/contacts/{id}/history", "/contacts/7/history"));
        assert!(!fits("/contacts/{id}/history", "/contacts//history"));
        assert!(!fits("/contacts/{id}", "/contacts/7/history"));
    }
}
