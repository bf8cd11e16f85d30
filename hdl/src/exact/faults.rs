//! The faults that elaboration reports.

use std::fmt;

use super::node::Place;

/// All faults of a design; the list is empty while the design is being checked.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
}

/// One fault, with all the places of the hierarchy where the same source line has it.
#[derive(Debug)]
struct Fault {
    paths: Vec<String>,
    message: String,
    place: Option<Place>,
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn add(&mut self, path: String, message: String, place: Option<Place>) {
        let line = |p: &Option<Place>| p.map(|p| p.0.to_string());
        match self.faults.iter_mut().find(|f| f.message == message && line(&f.place) == line(&place) && place.is_some())
        {
            Some(fault) => fault.paths.push(path),
            None => self.faults.push(Fault { paths: vec![path], message, place }),
        }
    }

    /// A single fault, at `path`, which is no matter of one source line.
    pub(crate) fn one(path: String, message: &str) -> Faults {
        let mut faults = Faults::default();
        faults.add(path, message.to_owned(), None);
        faults
    }

    pub(super) fn of_loops(loops: Vec<(String, Place)>) -> Faults {
        let mut faults = Faults::default();
        for (path, place) in loops {
            faults.add("combinational loop".to_owned(), path, Some(place));
        }
        faults
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            let more = fault.paths.len() - 1;
            write!(f, "{}{}", if i == 0 { "" } else { "\n" }, fault.paths[0])?;
            if more > 0 {
                write!(f, " and {more} more")?;
            }
            write!(f, ": {}", fault.message)?;
            if let Some(place) = fault.place {
                write!(f, " ({})", place.0)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
