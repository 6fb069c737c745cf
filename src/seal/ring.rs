//! The key ring: versioned data keys and the index key, as JSON in a file or a variable.
//!
//! ```json
//! { "current": "k1",
//!   "keys":  { "k1": { "suite": 1, "data": "base64 of 32 bytes" } },
//!   "index": { "version": "i1", "suite": 1, "key": "base64 of 32 bytes" } }
//! ```
//!
//! Every data key in the ring opens; only `current` seals. So a key is rotated by adding one and
//! naming it current, and dropped when nothing is sealed under it any more. The index key stands
//! apart, because it must not change without computing every index anew.
//!
//! The ring lives in memory and in its file only: no `Debug` shows it, and it is wiped when dropped.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{secret_file, suite};
use crate::error::{Code, Error, Result};
use crate::values::Text;

/// The JSON shape.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RingJson {
    current: String,
    keys: BTreeMap<String, DataKeyJson>,
    index: IndexKeyJson,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataKeyJson {
    #[serde(default = "first_suite")]
    suite: u8,
    data: SecretText,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexKeyJson {
    version: String,
    #[serde(default = "first_suite")]
    suite: u8,
    key: SecretText,
}

/// A key in its written form, wiped when dropped.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct SecretText(String);

const fn first_suite() -> u8 {
    suite::AES_256_GCM_HMAC_SHA256
}

type Secret = Zeroizing<Vec<u8>>;

/// The secrets behind a [`Sealer`](super::Sealer).
pub struct KeyRing {
    current: String,
    keys: BTreeMap<String, (u8, Secret)>,
    index_version: String,
    index: (u8, Secret),
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.keys.keys().collect();
        write!(f, "KeyRing {{ current: {:?}, keys: {ids:?}, index: {:?} }}", self.current, self.index_version)
    }
}

impl KeyRing {
    /// A new ring with one data key and one index key, both random.
    pub fn generate() -> Result<Self> {
        let suite = first_suite();
        Ok(Self {
            current: "k1".to_owned(),
            keys: BTreeMap::from([("k1".to_owned(), (suite, random(suite)?))]),
            index_version: "i1".to_owned(),
            index: (suite, random(suite)?),
        })
    }

    /// Reads a ring from JSON. The error says what is wrong with the shape and never quotes the text.
    pub fn from_json(json: &str) -> Result<Self> {
        let raw: RingJson = serde_json::from_str(json).map_err(|e| {
            let (line, column) = (e.line(), e.column());
            unusable(
                format!("JSON 格式不对（第 {line} 行第 {column} 列）"),
                format!("the JSON is wrong at line {line}, column {column}"),
            )
        })?;
        let mut keys = BTreeMap::new();
        for (id, key) in &raw.keys {
            let sound = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
            if !sound {
                return Err(unusable(
                    "密钥编号应为 1 至 32 个可见 ASCII 字符",
                    "a key id needs 1 to 32 visible ASCII characters",
                ));
            }
            keys.insert(id.clone(), (key.suite, secret(key.suite, &key.data.0)?));
        }
        if !keys.contains_key(&raw.current) {
            return Err(unusable("current 指向的密钥不存在", "current names a key that is not there"));
        }
        let index = (raw.index.suite, secret(raw.index.suite, &raw.index.key.0)?);
        // A key that both encrypts and indexes would tie the two together.
        if keys.values().any(|(_, data)| *data == index.1) {
            return Err(unusable(
                "索引密钥不能与数据密钥相同",
                "the index key must differ from every data key",
            ));
        }
        Ok(Self { current: raw.current, keys, index_version: raw.index.version, index })
    }

    /// Reads a ring from a file that only its owner may read.
    pub fn load_file(path: &Path) -> Result<Self> {
        Self::from_json(&secret_file::read(path)?)
    }

    /// Reads the ring of a file, and first makes one if there is none: for `--dev` and the demo.
    pub fn create_file_if_absent(path: &Path) -> Result<Self> {
        if !path.exists() {
            secret_file::create_if_absent(path, &Self::generate()?.to_json()?)?;
        }
        Self::load_file(path)
    }

    /// The ring as JSON, to be kept in a secret place.
    pub fn to_json(&self) -> Result<Zeroizing<String>> {
        let text = |secret: &Secret| SecretText(STANDARD.encode(&**secret));
        let json = RingJson {
            current: self.current.clone(),
            keys: self
                .keys
                .iter()
                .map(|(id, (suite, data))| (id.clone(), DataKeyJson { suite: *suite, data: text(data) }))
                .collect(),
            index: IndexKeyJson {
                version: self.index_version.clone(),
                suite: self.index.0,
                key: text(&self.index.1),
            },
        };
        Ok(Zeroizing::new(serde_json::to_string_pretty(&json)?))
    }

    /// Adds a new random data key and makes it current; what is sealed already still opens.
    pub fn rotate(&mut self, id: &str) -> Result<()> {
        if self.keys.contains_key(id) {
            return Err(unusable("已有同编号的密钥", "there is a key of that id already"));
        }
        let suite = first_suite();
        self.keys.insert(id.to_owned(), (suite, random(suite)?));
        id.clone_into(&mut self.current);
        Ok(())
    }

    /// The version of the index key, to be compared with what an index was computed under.
    pub fn index_version(&self) -> &str {
        &self.index_version
    }

    pub(super) fn data_keys(&self) -> impl Iterator<Item = (&str, u8, &[u8])> {
        self.keys.iter().map(|(id, (suite, secret))| (id.as_str(), *suite, secret.as_slice()))
    }

    pub(super) fn current(&self) -> (&str, u8) {
        (&self.current, self.keys.get(&self.current).map_or(0, |(suite, _)| *suite))
    }

    pub(super) fn index_key(&self) -> (u8, &[u8]) {
        (self.index.0, &self.index.1)
    }
}

fn random(number: u8) -> Result<Secret> {
    let length = suite::find(number).map_or(32, suite::Suite::key_len);
    let mut secret = Zeroizing::new(vec![0; length]);
    aws_lc_rs::rand::fill(&mut secret).map_err(|_e| Error::internal("key ring: no randomness"))?;
    Ok(secret)
}

fn secret(number: u8, text: &str) -> Result<Secret> {
    let Some(suite) = suite::find(number) else {
        return Err(unusable(
            format!("本程序不支持密码套件 {number}"),
            format!("this program does not have suite {number}"),
        ));
    };
    let bytes = Zeroizing::new(
        STANDARD.decode(text).map_err(|_e| unusable("密钥不是有效的 Base64", "a key is not valid base64"))?,
    );
    // All-equal bytes are a placeholder that somebody forgot, not a key.
    if bytes.len() != suite.key_len() || bytes.iter().all(|b| Some(b) == bytes.first()) {
        return Err(unusable(
            format!("密钥应为 {} 字节的随机数", suite.key_len()),
            format!("a key needs {} random bytes", suite.key_len()),
        ));
    }
    Ok(bytes)
}

fn unusable(zh: impl Into<String>, en: impl Into<String>) -> Error {
    let (zh, en) = (zh.into(), en.into());
    Error::new(
        Code::Unavailable,
        Text::new(format!("密钥环无法使用：{zh}"), format!("the key ring is unusable: {en}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Lang;

    #[test]
    fn a_ring_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let first = KeyRing::create_file_if_absent(&path).unwrap();
        let again = KeyRing::create_file_if_absent(&path).unwrap();
        assert_eq!(*first.to_json().unwrap(), *again.to_json().unwrap());
        assert_ne!(*first.to_json().unwrap(), *KeyRing::generate().unwrap().to_json().unwrap());
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_key() {
        let ring = KeyRing::generate().unwrap();
        let json = ring.to_json().unwrap();
        let raw: RingJson = serde_json::from_str(&json).unwrap();
        let data = raw.keys["k1"].data.0.as_str();
        assert_eq!(format!("{ring:?}"), r#"KeyRing { current: "k1", keys: ["k1"], index: "i1" }"#);
        let broken = json.replace("\"current\"", "\"currant\"");
        let error = KeyRing::from_json(&broken).unwrap_err();
        assert!(!format!("{error:?}").contains(data));
    }

    #[test]
    fn a_damaged_ring_is_refused_and_says_why() {
        let good = |current: &str, data: &str, index: &str| {
            format!(
                r#"{{"current":"{current}","keys":{{"k1":{{"data":"{data}"}}}},"index":{{"version":"i1","key":"{index}"}}}}"#
            )
        };
        let key = |n: u8| STANDARD.encode((0..32).map(|i| i ^ n).collect::<Vec<u8>>());
        KeyRing::from_json(&good("k1", &key(1), &key(2))).unwrap();
        let zeros = STANDARD.encode([0; 32]);
        let short = STANDARD.encode([1, 2, 3]);
        for (json, part) in [
            (String::new(), "JSON"),
            ("{}".to_owned(), "JSON"),
            (good("k2", &key(1), &key(2)), "current"),
            (good("k1", "not base64!", &key(2)), "base64"),
            (good("k1", &short, &key(2)), "32 random"),
            (good("k1", &zeros, &key(2)), "32 random"),
            (good("k1", &key(1), &short), "32 random"),
            (good("k1", &key(1), &key(1)), "differ"),
            (good("k1", &key(1), &key(2)).replace(r#""data""#, r#""suite":2,"data""#), "suite 2"),
            (good("k1", &key(1), &key(2)).replace("k1", &"k".repeat(33)), "key id"),
        ] {
            let message = KeyRing::from_json(&json).unwrap_err().message(Lang::En);
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
