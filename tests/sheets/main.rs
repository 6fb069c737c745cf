//! Sheets in and out with real bytes, through the real child process.
//!
//! `cfg(test)` on each module tells clippy that what they share is test code as well.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod dirt;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod old_books;
#[cfg(test)]
mod out;
#[cfg(test)]
mod support;
#[cfg(test)]
mod text_files;
#[cfg(test)]
mod workbooks;
