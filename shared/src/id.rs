//! The form of ids, as the schema checks it: what has another form is rejected before a store is asked.

/// Whether a client may have this id.
pub fn is_client(id: &str) -> bool {
    has_form(id, "cl_")
}

/// Whether a connection may have this id.
pub fn is_connection(id: &str) -> bool {
    has_form(id, "cn_")
}

/// The schema's `^cl_[A-Za-z0-9]{1,40}$`.
fn has_form(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|rest| (1..=40).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{is_client, is_connection};

    #[test]
    fn id_has_its_prefix_and_1_to_40_letters_and_digits() {
        let longest = format!("cl_{}", "a".repeat(40));
        assert!(is_client("cl_harbour") && is_client("cl_0") && is_client(&longest) && is_connection("cn_harbour"));
        for id in ["", "cl_", "cn_a", "CL_a", "cl_a-b", "cl_a_b", "cl_é", "cl_a\n", " cl_a", &format!("{longest}a")] {
            assert!(!is_client(id), "{id:?}");
        }
    }
}
