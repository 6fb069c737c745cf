//! The tables as diesel sees them; `migrations/` is their source, and a test holds the two together.
#![expect(missing_docs, reason = "diesel's table! macro generates undocumented public items")]

// The vault (see `seal::vault`).
diesel::table! {
    person (person_id) {
        person_id -> Text,
        id_bidx -> Nullable<Binary>,
        number_bidx -> Nullable<Binary>,
        id_ct -> Nullable<Binary>,
        number_ct -> Nullable<Binary>,
        phone_ct -> Nullable<Binary>,
        suite -> SmallInt,
        key_id -> Text,
        row_version -> BigInt,
        recorded_at -> Timestamp,
    }
}
diesel::table! {
    person_name (name_id) {
        name_id -> Text,
        person_id -> Text,
        name_check -> Binary,
        name_ct -> Binary,
        recorded_at -> Timestamp,
    }
}
diesel::table! {
    account (account_id) {
        account_id -> Text,
        account_bidx -> Binary,
        account_ct -> Binary,
        recorded_at -> Timestamp,
    }
}
diesel::joinable!(person_name -> person (person_id));
diesel::allow_tables_to_appear_in_same_query!(person, person_name);
