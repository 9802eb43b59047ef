//! Questions to the operator. The answer is one line of standard input, also where that is no terminal, so that scripts can
//! answer.

use std::io::{self, BufRead, Write};

use super::Failure;

/// Asks on standard error. Anything but `y` or `yes` is a no, also the end of the input.
///
/// # Errors
/// [`Failure::Failed`] when the answer is no: then nothing was changed.
pub(crate) fn confirm(question: &str) -> Result<(), Failure> {
    let sure = ask(question, &mut io::stdin().lock(), &mut io::stderr().lock()).map_err(Failure::failed)?;
    if sure { Ok(()) } else { Err(Failure::Failed("nothing was changed (--yes answers the question)".to_owned())) }
}

fn ask(question: &str, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<bool> {
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut line = String::new();
    let ended = input.read_line(&mut line)? == 0;
    if ended {
        writeln!(output)?;
    }
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        let answered = |input: &str| {
            let mut shown = Vec::new();
            (ask("sure?", &mut input.as_bytes(), &mut shown).unwrap(), String::from_utf8(shown).unwrap())
        };
        for yes in ["y\n", "Y\n", " yes \r\n", "YES"] {
            assert!(answered(yes).0, "{yes:?}");
        }
        for no in ["\n", "n\n", "yess\n", "ye\n", "j\n"] {
            assert!(!answered(no).0, "{no:?}");
        }
        assert_eq!(answered(""), (false, "sure? [y/N] \n".to_owned()));
    }
}
