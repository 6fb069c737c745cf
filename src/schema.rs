//! The tables as diesel sees them; `migrations/` is their source, and a test holds the two together.
#![expect(missing_docs, reason = "diesel's table! macro generates undocumented public items")]
diesel::table! { setting (name) { name -> Text, value -> Text, } }
