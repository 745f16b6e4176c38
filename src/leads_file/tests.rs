use std::fs;

use super::*;

const HEADER: &str = "Full Name,Email,Company,Email_Confidence_Level,Engagement_Status";

/// Reads a file of this name and content.
fn read_as(name: &str, content: &[u8]) -> (anyhow::Result<FileSummary>, Vec<RawLead>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, content).unwrap();
    let mut leads = Vec::new();
    let summary = read(&path, &mut |lead| {
        leads.push(lead);
        Ok(())
    });
    (summary, leads)
}

fn leads_of(name: &str, content: &[u8]) -> Vec<RawLead> {
    let (summary, leads) = read_as(name, content);
    assert_eq!(summary.unwrap().rows, leads.len() as u64);
    leads
}

/// Checks that a file is refused on one line that holds every part of `expected`.
#[track_caller]
fn check_refused(name: &str, content: &[u8], expected: &[&str]) {
    let (summary, _) = read_as(name, content);
    let error = format!("{:#}", summary.unwrap_err());
    assert!(!error.contains('\n'), "{error}");
    assert!(error.len() < 2_000, "{} bytes", error.len());
    for part in expected.iter().chain(&[name]) {
        assert!(error.contains(part), "expected `{part}` in: {error}");
    }
}

#[test]
fn csv_is_read_as_airtable_exports_it() {
    let content = "\u{feff}Engagement_Status,Company,Source,Replied,E-mail,Top_Services,Full Name,\
                   Email_Confidence_Level,Email\r\n\
                   Auto-Send,\"Finch, Ltd.\",Web,checked,,\"One\nTwo\r\nThree\",\"A \"\"B\"\" C\",\
                   Real,a@b.example\r\n\
                   ,,,,,,,,\r\n";
    let leads = leads_of("leads.csv", content.as_bytes());
    assert_eq!(leads.len(), 2);
    let lead = &leads[0];
    for (field, expected) in [
        (ReadField::FullName, "A \"B\" C"),
        (ReadField::Company, "Finch, Ltd."),
        (ReadField::TopServices, "One\nTwo\r\nThree"),
        (ReadField::Replied, "true"),
        (ReadField::Email, "a@b.example"),
        (ReadField::EmailConfidenceLevel, "Real"),
        (ReadField::City, ""),
    ] {
        assert_eq!(lead.get(field), expected, "{field:?}");
    }
    assert!(
        leads[1].fields.is_empty(),
        "a row without anything is a row all the same"
    );
}

#[test]
fn the_summary_names_the_optional_fields_without_a_column() {
    let (summary, _) = read_as("leads.csv", format!("{HEADER},City\n").as_bytes());
    let summary = summary.unwrap();
    assert_eq!(summary.rows, 0);
    assert!(summary.missing.contains(&ReadField::Country));
    assert!(!summary.missing.contains(&ReadField::City));
}

#[test]
fn only_a_clear_no_means_that_nobody_replied() {
    let rows = [
        "",
        " ",
        "checked",
        "TRUE",
        "x",
        "No",
        "false",
        "0",
        "unchecked",
    ];
    let content: String = rows
        .iter()
        .map(|cell| format!("N,a@b.c,C,Real,,{cell}\n"))
        .collect();
    let leads = leads_of(
        "leads.csv",
        format!("{HEADER},Replied\n{content}").as_bytes(),
    );
    let replied: Vec<&str> = leads
        .iter()
        .map(|lead| lead.get(ReadField::Replied).trim())
        .collect();
    assert_eq!(replied, ["", "", "true", "true", "true", "", "", "", ""]);
}

#[test]
fn a_row_is_the_same_record_wherever_it_stands() {
    let ids = |rows: &str| -> Vec<String> {
        let content = format!("LinkedIn URL,{HEADER}\n{rows}");
        let leads = leads_of("leads.csv", content.as_bytes());
        leads
            .iter()
            .map(|lead| lead.record_id.to_string())
            .collect()
    };
    let first = ids("l,Ada,Ada@B.example,C,Real,\n,Bo,bo@b.example,C,Real,\n");
    let second = ids(",Bo,bo@b.example,D,Real,\nm,Ada L.,\" ada@b.example \",C,Guess,Sent\n");
    assert_eq!(first[0], second[1]);
    assert_eq!(first[1], second[0]);
    assert!(
        first[0].starts_with("row") && first[0].len() == 19,
        "{first:?}"
    );

    let same = ids("l,A,x@b.example,C,Real,\nl,B,X@b.example,D,Real,\nl,C,x@b.example,E,Real,\n");
    assert_eq!(same[1], format!("{}-2", same[0]));
    assert_eq!(same[2], format!("{}-3", same[0]));

    // Without an address the profile decides, without that name and company.
    let bare = ids("l,A,,C,Real,\nl,B,,D,Real,\n,A,,C,Real,\n,A,,D,Real,\n,,,,,\n,,,,,\n");
    assert_eq!(bare[1], format!("{}-2", bare[0]));
    assert_ne!(bare[2], bare[3]);
    assert_eq!(bare[5], format!("{}-2", bare[4]));
}

#[test]
fn a_record_id_in_the_file_is_kept() {
    let content = format!("Record ID,{HEADER}\nrecA,N,a@b.c,C,Real,\n,N,d@b.c,C,Real,\n");
    let leads = leads_of("leads.csv", content.as_bytes());
    assert_eq!(leads[0].record_id.as_str(), "recA");
    assert!(leads[1].record_id.as_str().starts_with("row"));
}

#[test]
fn json_is_read_in_both_shapes() {
    let airtable = r#"{"offset":null,"records":[
        {"id":"recA","createdTime":"2026-01-01T00:00:00.000Z","fields":{"Full Name":"Ada","Email":
         "a@b.c","Company Name":"C","Company":"D","Email_Confidence_Level":"Real","Replied":true,
         "Top_Services":["One","Two"],"Company_Size":11}},
        {"id":"recB","fields":{}}]}"#;
    let leads = leads_of("leads.json", airtable.as_bytes());
    assert_eq!(leads[0].record_id.as_str(), "recA");
    assert_eq!(leads[0].get(ReadField::Company), "D");
    assert_eq!(leads[0].get(ReadField::TopServices), "One, Two");
    assert_eq!(leads[0].get(ReadField::CompanySize), "11");
    assert_eq!(leads[0].get(ReadField::Replied), "true");
    assert!(leads[1].fields.is_empty());

    let flat = "\u{feff} [{\"id\":\"recC\",\"name\":\"Ada\",\"email\":\"a@b.c\",\"company\":\"C\",\
                \"email_confidence_level\":\"Real\",\"engagement_status\":null}]";
    let leads = leads_of("leads", flat.as_bytes());
    assert_eq!(leads[0].record_id.as_str(), "recC");
    assert_eq!(leads[0].get(ReadField::FullName), "Ada");
    assert_eq!(leads_of("leads.json", b"[]").len(), 0);
}

#[test]
fn a_row_reads_the_same_from_csv_and_json() {
    let csv = format!("{HEADER},Replied\nAda,a@b.c,C,Real,Sent,checked\n");
    let json = r#"[{"Full Name":"Ada","Email":"a@b.c","Company":"C","Replied":true,
                    "Email_Confidence_Level":"Real","Engagement_Status":"Sent"}]"#;
    assert_eq!(
        leads_of("a.csv", csv.as_bytes()),
        leads_of("a.json", json.as_bytes())
    );
}

#[test]
fn a_column_that_is_missing_is_named_with_its_likely_misspelling() {
    let header = "Full Name,Emial,Company,Email_Confidence_Level\n";
    check_refused(
        "leads.csv",
        header.as_bytes(),
        &[
            "line 1",
            "columns `Email`, `Engagement_Status`",
            "rename `Emial` to `Email`",
            "found `F",
        ],
    );
    let semicolons = HEADER.replace(',', ";");
    check_refused(
        "leads.csv",
        semicolons.as_bytes(),
        &["separated by commas, found ';'"],
    );
    check_refused(
        "leads.csv",
        format!("{HEADER},Email\n").as_bytes(),
        &["`Email` twice"],
    );
    let json = r#"[{"Full Name":"A","Company":"C","Email":"a@b.c"}]"#;
    check_refused(
        "leads.json",
        json.as_bytes(),
        &["the column `Email_Confidence_Level`"],
    );
    let json = r#"[{"Full Name":"A","Company":"C","Email":"a@b.c","Email_Confidence_Level":"Real",
                    "Engagment_Status":"Sent"}]"#;
    check_refused(
        "leads.json",
        json.as_bytes(),
        &["rename `Engagment_Status`"],
    );
}

#[test]
fn a_bad_row_is_named_by_its_line() {
    for line_end in ["\n", "\r\n"] {
        let good = format!("\"two\nlines\",a@b.c,C,Real,{line_end}");
        let start = format!("{HEADER}{line_end}{good}");
        let file = |row: &[u8]| [start.as_bytes(), row].concat();
        check_refused(
            "leads.csv",
            &file(b"N,a@b.c,C,Real\n"),
            &["line 4 (row 2)", "5 cells, found 4"],
        );
        check_refused(
            "leads.csv",
            &file(b"N,a@b.c,C,Real,,\n"),
            &["line 4", "5 cells, found 6"],
        );
        check_refused(
            "leads.csv",
            &file(b"\"N,a@b.c,C,Real,\n"),
            &["line 4", "found 1; a quote"],
        );
        check_refused(
            "leads.csv",
            &file(b"\"N\nB\xe9a\",a@b.c,C,Real,\n"),
            &["line 4 (row 2)", "UTF-8, found the byte 0xe9 on line 5"],
        );
    }
}

#[test]
fn what_is_no_table_is_refused() {
    check_refused("leads.csv", b"", &["found an empty file"]);
    check_refused("leads.csv", b"\xef\xbb\xbf \r\n ", &["found an empty file"]);
    check_refused("leads.csv", b"\xff\xfeF\0u\0l\0l\0", &["found UTF-16"]);
    check_refused(
        "leads.csv",
        b"\x89PNG\r\n\x1a\n\0\0",
        &["found the byte 0x89"],
    );
    check_refused("leads.json", HEADER.as_bytes(), &["in JSON", "line 1"]);
    check_refused(
        "leads.json",
        b"{\"record\":[]}",
        &["an object without `records`"],
    );
    check_refused("leads.json", b"[{\"Email\":\"a@b.c\"", &["EOF"]);
    check_refused("leads.json", b"[1]", &["integer `1`"]);
    check_refused("leads.json", b"[] x", &["trailing characters"]);
    check_refused(
        "leads.json",
        b"[{\"fields\":3}]",
        &["record 1", "an object in `fields`"],
    );
    check_refused(
        "leads.json",
        b"[{\"Email\":\"\xe9\"}]",
        &["line 1", "unicode"],
    );
    check_refused("leads.json", "[".repeat(100_000).as_bytes(), &["line 1"]);
    let long = format!("[\"{}\"]", "x".repeat(100_000));
    check_refused("leads.json", long.as_bytes(), &["invalid type"]);
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = read(&dir.path().join("none.csv"), &mut |_| Ok(())).unwrap_err();
    let missing = format!("{missing:#}");
    assert!(
        missing.contains("none.csv") && missing.contains("LEADS_FILE"),
        "{missing}"
    );
    let folder = format!("{:#}", read(dir.path(), &mut |_| Ok(())).unwrap_err());
    assert!(folder.contains("found a directory"), "{folder}");
}

#[test]
fn a_cell_or_a_row_that_is_too_large_is_refused() {
    let cell = "x".repeat(CELL_BYTES_MAX + 1);
    check_refused(
        "leads.csv",
        format!("{HEADER}\n{cell},a,b,c,d\n").as_bytes(),
        &["line 2 (row 1)", "1 MB in a cell", "`Full Name`"],
    );
    check_refused(
        "leads.json",
        format!("[{{\"Email\":\"{cell}\"}}]").as_bytes(),
        &["record 1"],
    );
    let row = "x".repeat(6_000_000);
    check_refused(
        "leads.csv",
        format!("{HEADER}\n{row},a,b,c,d\n").as_bytes(),
        &["at most 4 MB"],
    );
    check_refused("leads.csv", row.as_bytes(), &["line 1", "at most 4 MB"]);
    check_refused(
        "leads.json",
        format!("[{{\"Email\":\"{row}\"}}]").as_bytes(),
        &["at most 4 MB"],
    );
    check_refused(
        "leads.csv",
        format!("\"{HEADER}\n{row}").as_bytes(),
        &["at most 4 MB"],
    );
}

#[test]
fn an_endless_row_is_given_up_after_a_few_megabytes() {
    let endless = std::io::repeat(b'x');
    let error = csv_rows::read(Path::new("pipe.csv"), endless, &mut |_| Ok(())).unwrap_err();
    assert!(format!("{error:#}").contains("at most 4 MB"), "{error:#}");
    let error = json_rows::read(Path::new("pipe.json"), std::io::repeat(b' '), &mut |_| {
        Ok(())
    });
    assert!(format!("{:#}", error.unwrap_err()).contains("at most 4 MB"));
}

#[test]
fn many_rows_are_not_one_large_row() {
    let row = format!("{},a@b.c,C,Real,\n", "x".repeat(900_000));
    assert_eq!(
        leads_of(
            "leads.csv",
            format!("{HEADER}\n{}", row.repeat(9)).as_bytes()
        )
        .len(),
        9
    );
    let record = format!(
        "{{\"Full Name\":\"{}\",\"Email\":\"a\",\"Company\":\"b\",\"Email_Confidence_Level\":\"\
         Real\"}}",
        "x".repeat(900_000)
    );
    let json = format!("[{}]", vec![record; 9].join(","));
    assert_eq!(leads_of("leads.json", json.as_bytes()).len(), 9);
}

#[test]
fn the_sinks_own_failure_comes_back_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("leads.csv", format!("{HEADER}\nN,a@b.c,C,Real,\n")),
        ("leads.json", r#"[{"Email":"a@b.c"}]"#.to_string()),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let error = read(&path, &mut |_| bail!("the ledger is full")).unwrap_err();
        assert_eq!(format!("{error:#}"), "the ledger is full");
    }
}

#[test]
fn the_status_file_lies_beside_the_leads() {
    for (leads, expected) in [
        ("data/leads.csv", "data/leads.status.csv"),
        ("leads.json", "leads.status.csv"),
        ("a.b/leads", "a.b/leads.status.csv"),
        ("my.leads.csv", "my.leads.status.csv"),
    ] {
        assert_eq!(
            StatusFile::default_path(Path::new(leads)),
            Path::new(expected)
        );
    }
}

#[test]
fn the_status_file_is_replaced_whole_and_runs_no_formula() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("leads.status.csv");
    let write = |rows: &[[&str; 2]]| {
        let rows = rows.iter().map(|row| Ok(row.map(str::to_string).to_vec()));
        StatusFile::write(&path, &["Email", "Notes"], rows)
    };
    write(&[["old", "old"], ["old", "old"]]).unwrap();
    fs::write(
        dir.path().join(".leads.status.csv.draft"),
        "left by a killed run",
    )
    .unwrap();
    write(&[
        ["=cmd|' /C calc'!A0", "two\nlines, \"quoted\""],
        ["@x", "-1"],
        ["\tx", "ä = b"],
    ])
    .unwrap();
    let content = fs::read_to_string(&path).unwrap();
    assert_eq!(
        content,
        "Email,Notes\r\n'=cmd|' /C calc'!A0,\"two\nlines, \"\"quoted\"\"\"\r\n'@x,'-1\r\n\
         '\tx,ä = b\r\n"
    );
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["leads.status.csv"], "nothing else is left behind");
}

#[test]
fn a_status_file_that_cannot_be_written_leaves_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("status.csv");
    StatusFile::write(&path, &["A"], [Ok(vec!["kept".to_string()])]).unwrap();
    StatusFile::write(&path, &["A"], [Ok(vec!["a".to_string(), "b".to_string()])]).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "A\r\nkept\r\n");

    let missing = dir.path().join("none").join("status.csv");
    let error = format!("{:#}", StatusFile::write(&missing, &["A"], []).unwrap_err());
    assert!(
        error.contains("none") && error.contains("STATUS_FILE"),
        "{error}"
    );
    let error = format!(
        "{:#}",
        StatusFile::write(dir.path(), &["A"], []).unwrap_err()
    );
    assert!(
        error.contains("STATUS_FILE") && error.contains("a directory"),
        "{error}"
    );
}
