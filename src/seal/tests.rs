//! What sealing promises: it opens where it was sealed and nowhere else, under old keys too, and equal
//! texts meet in one domain only.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

const HERE: Aad<'_> = Aad { table: "person", column: "id_ct", row_id: "p1" };

fn sealer() -> Sealer {
    Sealer::new(&KeyRing::generate().unwrap()).unwrap()
}

#[test]
fn the_layout_is_suite_key_nonce_text_tag() {
    let sealed = sealer().seal(&HERE, "34102420050101001X").unwrap();
    assert_eq!(sealed[..4], [1, 2, b'k', b'1']);
    assert_eq!(sealed.len(), 4 + 12 + 18 + 16);
}

#[test]
fn the_same_text_never_gives_the_same_ciphertext() {
    let here = sealer();
    let all: HashSet<_> = (0..100).map(|_| here.seal(&HERE, "张三").unwrap()).collect();
    assert_eq!(all.len(), 100);
}

#[test]
fn a_moved_ciphertext_does_not_open() {
    let here = sealer();
    let sealed = here.seal(&HERE, "text").unwrap();
    for other in [
        Aad { table: "account", ..HERE },
        Aad { column: "number_ct", ..HERE },
        Aad { row_id: "p2", ..HERE },
        // The same letters cut elsewhere.
        Aad { table: "perso", column: "nid_ct", row_id: "p1" },
        Aad { table: "person", column: "id_c", row_id: "tp1" },
        Aad { table: "", column: "", row_id: "personid_ctp1" },
    ] {
        assert!(here.open(&other, &sealed).is_err(), "{other:?}");
    }
    assert_eq!(here.open(&HERE, &sealed).unwrap(), "text");
}

#[test]
fn old_keys_open_and_the_new_one_seals() {
    let mut ring = KeyRing::generate().unwrap();
    let before = Sealer::new(&ring).unwrap();
    let old = before.seal(&HERE, "text").unwrap();
    ring.rotate("k2").unwrap();
    assert!(ring.rotate("k2").is_err());
    let after = Sealer::new(&KeyRing::from_json(&ring.to_json().unwrap()).unwrap()).unwrap();
    assert_eq!(after.open(&HERE, &old).unwrap(), "text");
    let new = after.seal(&HERE, "text").unwrap();
    assert_eq!(after.current(), (1, "k2"));
    assert_eq!(new[..4], [1, 2, b'k', b'2']);
    // Who has not got the new key cannot open, nor when the label of the old one is put on it.
    assert!(before.open(&HERE, &new).is_err());
    let mut relabelled = new.clone();
    relabelled[3] = b'1';
    assert!(after.open(&HERE, &relabelled).is_err());
    // Rotation of data keys leaves the index alone.
    assert_eq!(before.blind_index(Domain::ResidentId, "text"), after.blind_index(Domain::ResidentId, "text"));
}

#[test]
fn a_failure_tells_the_column_and_not_the_content() {
    let error = sealer().open(&HERE, b"34102420050101001X").unwrap_err().to_string();
    assert!(error.contains("person.id_ct") && !error.contains("3410"), "{error}");
}

#[test]
fn domains_rings_and_persons_do_not_link() {
    let one = sealer();
    let mut seen: HashSet<_> = Domain::ALL.iter().map(|d| one.blind_index(*d, "13800000000")).collect();
    assert_eq!(seen.len(), 4);
    assert!(seen.insert(sealer().blind_index(Domain::Phone, "13800000000")));
    assert!(seen.insert(one.name_check("", "13800000000")));
    assert_ne!(one.name_check("p1", "张三"), one.name_check("p2", "张三"));
    assert_ne!(one.name_check("p1", "张三"), one.name_check("p1", "张山"));
    // The border between person and name counts.
    assert_ne!(one.name_check("ab", "c"), one.name_check("a", "bc"));
    assert_eq!(one.name_check("p1", "张三"), one.clone().name_check("p1", "张三"));
}

#[test]
fn the_index_of_a_known_key_is_pinned() {
    // Stored indexes outlive releases: a change of derivation must fail here before it orphans them.
    let ring = r#"{"current":"k1",
        "keys":{"k1":{"data":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},
        "index":{"version":"i1","key":"Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA="}}"#;
    let here = Sealer::new(&KeyRing::from_json(ring).unwrap()).unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|h| u8::from_str_radix(str::from_utf8(h).unwrap(), 16).unwrap())
            .collect()
    };
    let id = here.blind_index(Domain::ResidentId, "11010519491231002X");
    assert_eq!(id.to_vec(), bytes("b7d0c4e0d667bd4c084d8d66162642dd"));
    assert_eq!(here.name_check("p1", "张三").to_vec(), bytes("1e0dfe3f699b67026cd4ed65ef5d161a"));
    assert_eq!(here.open(&HERE, &bytes(STORED)).unwrap(), "张三");
}

/// Made by another implementation: suite, key, nonce 0 to 11, ciphertext and tag.
const STORED: &str = "01026b31000102030405060708090a0ba2be76ff7d6c16e3af2b61b26b8c3b3cc7c567a466f4";

proptest! {
    #[test]
    fn what_is_sealed_opens(text in ".{0,200}", row in "[a-z0-9-]{1,40}") {
        let here = sealer();
        let aad = Aad { row_id: &row, ..HERE };
        prop_assert_eq!(here.open(&aad, &here.seal(&aad, &text).unwrap()).unwrap(), text);
    }

    #[test]
    fn one_flipped_bit_anywhere_never_opens(text in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let here = sealer();
        let mut sealed = here.seal(&HERE, &text).unwrap();
        let i = at.index(sealed.len());
        sealed[i] ^= 1 << bit;
        prop_assert!(here.open(&HERE, &sealed).is_err());
    }

    #[test]
    fn cut_or_foreign_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..80), keep in any::<prop::sample::Index>()) {
        let here = sealer();
        prop_assert!(here.open(&HERE, &bytes).is_err());
        let sealed = here.seal(&HERE, "text").unwrap();
        prop_assert!(here.open(&HERE, &sealed[..keep.index(sealed.len())]).is_err());
    }
}
