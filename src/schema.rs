//! The tables as diesel sees them; `migrations/` is their source, and a test holds the two together.
#![expect(missing_docs, reason = "diesel's table! macro generates undocumented public items")]

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

diesel::table! {
    import (import_id) {
        import_id -> Text,
        kind -> Text,
        term -> Text,
        place -> Text,
        school -> Text,
        file_digest -> Text,
        file_bytes -> BigInt,
        understood -> Text,
        rows_read -> BigInt,
        rows_new -> BigInt,
        rows_changed -> BigInt,
        rows_unchanged -> BigInt,
        rows_bad -> BigInt,
        rows_skipped -> BigInt,
        recorded_by -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    import_error (import_id, line, position) {
        import_id -> Text,
        line -> Integer,
        position -> Integer,
        sheet -> Nullable<Text>,
        row_number -> Integer,
        column_name -> Text,
        letter -> Text,
        code -> Text,
        what_zh -> Text,
        what_en -> Text,
        todo_zh -> Text,
        todo_en -> Text,
    }
}

diesel::table! {
    import_bad_row (import_id, line) {
        import_id -> Text,
        line -> Integer,
        sheet -> Nullable<Text>,
        row_number -> Integer,
        cells_ct -> Binary,
    }
}

diesel::table! {
    proposal (proposal_id) {
        proposal_id -> Text,
        import_id -> Text,
        row_number -> Integer,
        member -> SmallInt,
        kind -> Text,
        place -> Text,
        school -> Text,
        list_id -> Nullable<Text>,
        person_id -> Text,
        name_id -> Text,
        slip -> Nullable<Text>,
        evidence -> Text,
        state -> Text,
        accepted_import_id -> Nullable<Text>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        reverted_by -> Nullable<Text>,
        reverted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    school (school_row) {
        school_row -> Text,
        code -> Text,
        name -> Text,
        place -> Text,
        ownership -> Nullable<Text>,
        inclusive -> Nullable<Bool>,
        approved -> Nullable<Bool>,
        run_by -> Nullable<Text>,
        rural -> Nullable<Bool>,
        tuition_fen -> Nullable<BigInt>,
        public_tuition_fen -> Nullable<BigInt>,
        recorded_at -> Timestamp,
        superseded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    enrolment (enrolment_id) {
        enrolment_id -> Text,
        person_id -> Text,
        name_id -> Text,
        school_code -> Text,
        place -> Text,
        term -> Text,
        stage -> Text,
        grade -> Nullable<SmallInt>,
        class_name -> Nullable<Text>,
        boarding -> Nullable<Bool>,
        hukou_kind -> Nullable<Text>,
        hukou_place -> Nullable<Text>,
        department -> Nullable<Text>,
        major -> Nullable<Text>,
        agricultural -> Nullable<Bool>,
        performing_arts -> Nullable<Bool>,
        full_time -> Nullable<Bool>,
        formal -> Nullable<Bool>,
        hardship -> Nullable<Text>,
        categories_known -> Bool,
        state -> Text,
        entered_on -> Nullable<Date>,
        left_on -> Nullable<Date>,
        valid_from -> Date,
        valid_to -> Date,
        fingerprint -> Text,
        import_id -> Text,
        recorded_at -> Timestamp,
        superseded_at -> Nullable<Timestamp>,
        household_no -> Nullable<Text>,
    }
}

diesel::table! {
    category (category_id) {
        category_id -> Text,
        person_id -> Text,
        enrolment_id -> Nullable<Text>,
        kind -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        superseded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    evidence (evidence_id) {
        evidence_id -> Text,
        person_id -> Text,
        enrolment_id -> Nullable<Text>,
        kind -> Text,
        issuer -> Nullable<Text>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        superseded_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    poverty_list (list_id) {
        list_id -> Text,
        place -> Text,
        term -> Text,
        version -> Integer,
        state -> Text,
        valid_from -> Date,
        entries -> BigInt,
        digest -> Nullable<Text>,
        import_id -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        checked_by -> Nullable<Text>,
        checked_at -> Nullable<Timestamp>,
        locked_by -> Nullable<Text>,
        locked_at -> Nullable<Timestamp>,
        superseded_by -> Nullable<Text>,
        superseded_at -> Nullable<Timestamp>,
        lock_number -> Nullable<BigInt>,
    }
}

diesel::table! {
    poverty_list_entry (entry_id) {
        entry_id -> Text,
        list_id -> Text,
        import_id -> Text,
        row_number -> Integer,
        person_id -> Text,
        name_id -> Text,
        place -> Text,
        township -> Nullable<Text>,
        village -> Nullable<Text>,
        household_no -> Nullable<Text>,
        head_name_ct -> Nullable<Binary>,
        category -> Text,
        stage -> Nullable<Text>,
        grade -> Nullable<SmallInt>,
        school_code -> Nullable<Text>,
        fingerprint -> Text,
    }
}

diesel::table! {
    aid_notice (notice_id) {
        notice_id -> Text,
        school_code -> Text,
        place -> Text,
        term -> Text,
        programme -> Text,
        starts_on -> Date,
        ends_on -> Date,
        posted_by -> Text,
        posted_at -> Timestamp,
        taken_down_on -> Nullable<Date>,
        taken_down_by -> Nullable<Text>,
        taken_down_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    aid_record (record_id) {
        record_id -> Text,
        origin -> Text,
        corrects -> Nullable<Text>,
        person_id -> Text,
        name_id -> Text,
        school_code -> Text,
        place -> Text,
        term -> Text,
        programme -> Text,
        slot -> Text,
        tier -> Nullable<Text>,
        fen -> BigInt,
        due_fen -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        decided_on -> Nullable<Date>,
        policy -> Nullable<Text>,
        reason -> Nullable<Text>,
        recipient_kind -> Nullable<Text>,
        state -> Text,
        paid_fen -> BigInt,
        returned_fen -> BigInt,
        paid_on -> Nullable<Date>,
        notice_id -> Nullable<Text>,
        approved_by -> Nullable<Text>,
        import_id -> Nullable<Text>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    aid_entry (record_id, line) {
        record_id -> Text,
        line -> BigInt,
        kind -> Text,
        fen -> Nullable<BigInt>,
        on_day -> Nullable<Date>,
        account_id -> Nullable<Text>,
        source -> Nullable<Text>,
        of_line -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        other_id -> Nullable<Text>,
        row_key -> Nullable<Text>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    aid_report (report_id) {
        report_id -> Text,
        place -> Text,
        school -> Nullable<Text>,
        body -> Text,
        made_by -> Text,
        made_at -> Timestamp,
    }
}

diesel::table! {
    aid_report_set (report_id, number) {
        report_id -> Text,
        number -> Integer,
        asked -> Text,
        told -> Nullable<Text>,
    }
}

diesel::table! {
    cross_check (check_id) {
        check_id -> Text,
        list_id -> Text,
        term -> Text,
        place -> Text,
        input_digest -> Text,
        inputs -> Text,
        report_digest -> Text,
        totals -> Text,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        applied_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    finding (finding_id) {
        finding_id -> Text,
        place -> Text,
        term -> Text,
        stable_key -> Text,
        state -> Text,
        gone -> Bool,
        remark -> Nullable<Text>,
        evidence -> Nullable<Text>,
        answer -> Nullable<Text>,
        answer_evidence -> Nullable<Text>,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        assignee -> Nullable<Text>,
        due_on -> Nullable<Date>,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        first_seen_at -> Timestamp,
        last_check -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    sighting (check_id, position) {
        check_id -> Text,
        position -> BigInt,
        finding_id -> Text,
        kind -> Text,
        person_id -> Text,
        name_id -> Text,
        other_id -> Nullable<Text>,
        account_id -> Nullable<Text>,
        school_code -> Nullable<Text>,
        place -> Text,
        stage -> Nullable<Text>,
        programme -> Nullable<Text>,
        due_fen -> Nullable<BigInt>,
        paid_fen -> Nullable<BigInt>,
        at_stake_fen -> BigInt,
        detail -> Text,
    }
}

diesel::table! {
    finding_event (event_id) {
        event_id -> Text,
        finding_id -> Text,
        what -> Text,
        from_state -> Text,
        to_state -> Text,
        note -> Nullable<Text>,
        check_id -> Nullable<Text>,
        made_by -> Text,
        made_at -> Timestamp,
    }
}

diesel::table! {
    job (job_id) {
        job_id -> Text,
        kind -> Text,
        params -> Text,
        state -> Text,
        rows_done -> BigInt,
        cancel_asked -> Bool,
        owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        attempts -> Integer,
        location -> Nullable<Text>,
        repeated -> Nullable<Bool>,
        problem -> Nullable<Text>,
        place -> Text,
        school -> Nullable<Text>,
        created_by -> Text,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        checkpoint -> Nullable<Text>,
    }
}

diesel::table! {
    job_chunk (job_id, number) {
        job_id -> Text,
        number -> Integer,
        bytes_ct -> Binary,
    }
}

diesel::table! {
    idempotency (actor, key) {
        actor -> Text,
        key -> Text,
        digest -> Text,
        status -> Nullable<Integer>,
        headers -> Nullable<Text>,
        body_ct -> Nullable<Binary>,
        recorded_at -> Timestamp,
    }
}

diesel::joinable!(import_bad_row -> import (import_id));
diesel::joinable!(person_name -> person (person_id));
diesel::joinable!(aid_entry -> aid_record (record_id));
diesel::joinable!(sighting -> finding (finding_id));

diesel::allow_tables_to_appear_in_same_query!(
    person,
    person_name,
    account,
    import,
    import_error,
    import_bad_row,
    proposal,
    school,
    enrolment,
    category,
    evidence,
    poverty_list,
    poverty_list_entry,
    aid_notice,
    aid_record,
    aid_entry,
    aid_report,
    aid_report_set,
    cross_check,
    finding,
    sighting,
    finding_event,
    job,
    job_chunk,
    idempotency,
);
