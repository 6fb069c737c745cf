//! Suites: which cipher and which keyed hash. A suite's number is the first byte of every ciphertext.
//!
//! Suite 1 is AES-256-GCM with HMAC-SHA256 (NIST SP 800-38D, FIPS 198-1). Number 2 is set aside for
//! SM4-GCM with HMAC-SM3 (RFC 8998, GB/T 32905), which is one more implementation of [`Suite`] and no
//! change anywhere else. This file knows no key ring and no tables.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};

use crate::error::{Error, Result};

/// The number of the suite that is built in.
pub const AES_256_GCM_HMAC_SHA256: u8 = 1;

/// A blind index or name check: the first 16 bytes of the keyed hash. At ten million rows the chance
/// of one collision is about 10⁻²⁵.
pub type Tag = [u8; 16];

/// Makes keys of one suite from secret bytes.
pub trait Suite: Send + Sync {
    /// The suite's number, the first byte of its ciphertexts.
    fn number(&self) -> u8;
    /// The length in bytes of its data keys and index keys.
    fn key_len(&self) -> usize;
    /// A key that encrypts. Fails if the secret has the wrong length.
    fn data_key(&self, secret: &[u8]) -> Result<Box<dyn DataKey>>;
    /// A key that hashes. Fails if the secret has the wrong length.
    fn mac_key(&self, secret: &[u8]) -> Result<Box<dyn MacKey>>;
}

/// Authenticated encryption under one key.
pub trait DataKey: Send + Sync {
    /// Appends nonce, ciphertext and tag to `out`.
    fn seal(&self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) -> Result<()>;
    /// Opens nonce, ciphertext and tag; `None` if anything about them is wrong.
    fn open(&self, aad: &[u8], body: &[u8]) -> Option<Vec<u8>>;
}

/// A keyed hash under one key.
pub trait MacKey: Send + Sync {
    /// The whole hash (32 bytes) of the parts in a row; for deriving keys.
    fn full(&self, parts: &[&[u8]]) -> [u8; 32];

    /// The hash cut to 16 bytes; for indexes.
    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let full = self.full(parts);
        let mut tag = Tag::default();
        tag.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        tag
    }
}

/// The suite of a number, if this binary has it.
pub fn find(number: u8) -> Option<&'static dyn Suite> {
    match number {
        AES_256_GCM_HMAC_SHA256 => Some(&International),
        _ => None,
    }
}

/// Suite 1.
struct International;

const KEY_LEN: usize = 32;

impl Suite for International {
    fn number(&self) -> u8 {
        AES_256_GCM_HMAC_SHA256
    }

    fn key_len(&self) -> usize {
        KEY_LEN
    }

    fn data_key(&self, secret: &[u8]) -> Result<Box<dyn DataKey>> {
        let key = UnboundKey::new(&AES_256_GCM, secret)
            .map_err(|_e| Error::internal("seal: a data key does not have 32 bytes"))?;
        Ok(Box::new(Aes256Gcm(LessSafeKey::new(key))))
    }

    fn mac_key(&self, secret: &[u8]) -> Result<Box<dyn MacKey>> {
        if secret.len() != KEY_LEN {
            return Err(Error::internal("seal: an index key does not have 32 bytes"));
        }
        Ok(Box::new(HmacSha256(hmac::Key::new(hmac::HMAC_SHA256, secret))))
    }
}

/// "Less safe" is the library's word for choosing the nonce oneself; it is random here, and a key of
/// the ring is retired long before 2³² values.
struct Aes256Gcm(LessSafeKey);

impl DataKey for Aes256Gcm {
    fn seal(&self, aad: &[u8], plaintext: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_e| Error::internal("seal: no randomness"))?;
        out.extend_from_slice(&nonce);
        let mut body = plaintext.to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body)
            .map_err(|_e| Error::internal("seal: encryption failed"))?;
        out.extend_from_slice(&body);
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn open(&self, aad: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = body.split_first_chunk::<NONCE_LEN>()?;
        let mut text = sealed.to_vec();
        let opened =
            self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut text).ok()?.len();
        text.truncate(opened);
        Some(text)
    }
}

/// The key schedule is computed once and cloned for each value.
struct HmacSha256(hmac::Key);

impl MacKey for HmacSha256 {
    fn full(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_hash_is_hmac_sha256() {
        // RFC 4231, test case 2. Zeros after "Jefe" change nothing: HMAC pads a short key so itself.
        let mut key = b"Jefe".to_vec();
        key.resize(32, 0);
        let key = International.mac_key(&key).unwrap();
        let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(key.full(&[b"what do ya want for nothing?"]).to_vec(), expected);
        assert_eq!(key.full(&[b"what do ya want", b"", b" for nothing?"]).to_vec(), expected);
        assert_eq!(key.tag(&[b"what do ya want for nothing?"]).to_vec(), expected[..16].to_vec());
    }

    #[test]
    fn the_cipher_is_aes_256_gcm() {
        // The GCM specification's test cases 13 (no text) and 14 (one zero block), zero key and nonce.
        let key = International.data_key(&[0; 32]).unwrap();
        let body = hex("000000000000000000000000530f8afbc74536b9a963b4f1c4cb738b");
        assert_eq!(key.open(b"", &body).unwrap(), Vec::<u8>::new());
        let body =
            hex("000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
        assert_eq!(key.open(b"", &body).unwrap(), vec![0; 16]);
        assert!(key.open(b"x", &body).is_none());
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for wrong in [0, 16, 31, 33, 64] {
            assert!(International.data_key(&vec![7; wrong]).is_err(), "{wrong}");
            assert!(International.mac_key(&vec![7; wrong]).is_err(), "{wrong}");
        }
        assert_eq!(find(1).unwrap().key_len(), 32);
        assert_eq!(find(1).unwrap().number(), 1);
        assert!(find(0).is_none() && find(2).is_none());
    }
}
