//! Reading the codes of [`Facts`](super::Facts): an unknown code is refused with the fact's name and the
//! codes that are allowed. The offending value is never repeated, since it may hold anything.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use super::borrower::{Fate, Lender};
use crate::values::{Category, EnrolmentState, EvidenceKind, Hardship, HukouKind, Ownership, RunBy, Stage};

/// A closed list of codes, as far as reading needs it.
trait Coded: Copy + 'static {
    fn all() -> &'static [Self];
    fn code_of(self) -> &'static str;
}

macro_rules! coded {
    ($($name:ident),+ $(,)?) => { $(
        impl Coded for $name {
            fn all() -> &'static [Self] { Self::ALL }
            fn code_of(self) -> &'static str { self.code() }
        }
    )+ };
}
coded!(Stage, EnrolmentState, Category, Hardship, EvidenceKind, HukouKind, Ownership, RunBy, Fate, Lender);

/// Reads one optional code of the fact `field`.
struct One<T>(&'static str, PhantomData<T>);

/// Reads an optional list of codes of the fact `field`.
struct Many<T>(&'static str, PhantomData<T>);

/// Reads one code inside a list.
struct Item<T>(&'static str, PhantomData<T>);

fn expected<T: Coded>(field: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let codes: Vec<&str> = T::all().iter().map(|v| v.code_of()).collect();
    write!(f, "{field}: {}", codes.join(", "))
}

fn find<T: Coded, E: Error>(field: &str, code: &str) -> Result<T, E> {
    T::all().iter().copied().find(|v| v.code_of() == code).ok_or_else(|| {
        let codes: Vec<&str> = T::all().iter().map(|v| v.code_of()).collect();
        let codes = codes.join(", ");
        E::custom(format!(
            "{field} 的代码不在允许范围内，允许的代码为：{codes} / {field}: unknown code, allowed: {codes}"
        ))
    })
}

impl<'de, T: Coded> Visitor<'de> for One<T> {
    type Value = Option<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected::<T>(self.0, f)
    }
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
    fn visit_str<E: Error>(self, code: &str) -> Result<Self::Value, E> {
        find(self.0, code).map(Some)
    }
}

impl<'de, T: Coded> Visitor<'de> for Many<T> {
    type Value = Option<Vec<T>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ")?;
        expected::<T>(self.0, f)
    }
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(Item(self.0, PhantomData))? {
            values.push(value);
        }
        Ok(Some(values))
    }
}

impl<'de, T: Coded> serde::de::DeserializeSeed<'de> for Item<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: Coded> Visitor<'_> for Item<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected::<T>(self.0, f)
    }
    fn visit_str<E: Error>(self, code: &str) -> Result<T, E> {
        find(self.0, code)
    }
}

macro_rules! one {
    ($($fn:ident: $type:ty = $field:literal),+ $(,)?) => { $(
        pub(super) fn $fn<'de, D: Deserializer<'de>>(d: D) -> Result<Option<$type>, D::Error> {
            d.deserialize_option(One($field, PhantomData))
        }
    )+ };
}
one! {
    stage: Stage = "student.stage",
    state: EnrolmentState = "student.state",
    hardship: Hardship = "student.hardship",
    ownership: Ownership = "student.school.ownership",
    run_by: RunBy = "student.school.run_by",
    hukou_kind: HukouKind = "student.hukou.kind",
    fate: Fate = "student.borrower.fate",
    lender: Lender = "student.borrower.lender",
}

pub(super) fn categories<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Category>>, D::Error> {
    d.deserialize_option(Many("student.categories", PhantomData))
}

pub(super) fn evidence<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<EvidenceKind>>, D::Error> {
    d.deserialize_option(Many("evidence", PhantomData))
}

/// `null` for a group of facts means that nothing of it is known.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}
