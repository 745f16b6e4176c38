//! What variables demand of each other, said as problems and warnings.

use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::senders_file;
use super::sources::{Origin, Sources};
use super::variables;
use crate::mailer;
use crate::tls::TlsMode;

/// Notes a problem unless `name` is set; `because_of` is what makes it necessary.
///
/// What all senders share is missing once, whichever of them needs it.
pub(super) fn require(reader: &mut Reader, name: &str, because_of: &str) {
    if reader.is_set(name) {
        return;
    }
    let kind = variables::find(name)
        .map(|variable| variable.kind.to_string())
        .unwrap_or_default();
    let cause = match (senders_file::key_of(name), reader.origin(because_of)) {
        (Some(_), Some(Origin::SendersFile { key, .. })) => format!("{key} is set"),
        (None, Some(Origin::SendersFile { key, .. })) => format!("a sender's {key} is set"),
        (_, Some(at)) => format!("{because_of} is set ({at})"),
        (_, None) => format!("{because_of} is set"),
    };
    let message = format!("expected {kind}, because {cause}; found nothing");
    reader.problem(name, message);
}

/// Warns of every variable of `names` that is set although something else makes it idle. Of a
/// sender only what it names itself: what is meant for others may serve them.
pub(super) fn ignored(reader: &mut Reader, names: &[&str], because: &str) {
    for name in names {
        if reader.is_own(name) {
            reader.warn(name, &format!("has no effect, because {because}"));
        }
    }
}

pub(super) fn check_tls(reader: &mut Reader, name: &str, tls: TlsMode, host: &str) {
    if tls == TlsMode::None && !mailer::is_loopback(host) {
        let message = format!(
            "expected starttls or tls, found `none`, which is only allowed to this machine and not \
             to `{host}`"
        );
        reader.problem(name, message);
    }
}

pub(super) fn unusual(tls: TlsMode, port: u16, usual: TlsMode) -> String {
    format!(
        "is {} on port {port}, where servers usually expect {}",
        tls.as_str(),
        usual.as_str()
    )
}

/// Notes a problem when two paths lead to the same place.
pub(super) fn check_apart(
    reader: &mut Reader,
    name: &str,
    path: &Path,
    other: &str,
    taken: Option<&Path>,
) {
    let Some(taken) = taken else { return };
    if resolved(path) == resolved(taken) {
        let message = format!(
            "expected another path than {other}, found the same, `{}`",
            path.display()
        );
        reader.problem(name, message);
    }
}

/// The path with `.`, `..` and links of its directory resolved, as far as the directory exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    match (
        absolute.parent().map(Path::canonicalize),
        absolute.file_name(),
    ) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => absolute,
    }
}

/// Warns of names that were probably meant for us.
pub(super) fn warn_of_names(reader: &mut Reader, sources: &Sources) {
    for (name, _) in sources.names() {
        let is_used = variables::is_known(&name) || reader.is_borrowed(&name);
        if is_used || !variables::looks_like_ours(&name) {
            continue;
        }
        let message = match variables::nearest(&name) {
            Some(known) => format!("is no variable of ours; did you mean {known}?"),
            None => "is no variable of ours".to_string(),
        };
        reader.warn(&name, &message);
    }
}
