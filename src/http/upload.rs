//! A file sent by a caller, kept in a temporary file while it is read.
//!
//! Either a form (`multipart/form-data` with the file in `file` and small texts beside it) or the
//! bare bytes with the texts in the query. The file is counted, capped and digested while it
//! arrives; it never lies in memory whole. What kind of file it is, [`crate::sheet`] finds out.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use actix_multipart::{Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use aws_lc_rs::digest;
use futures_util::future::LocalBoxFuture;
use futures_util::{Stream, StreamExt};
use tempfile::NamedTempFile;
use utoipa::ToSchema;

use super::extract::{broken_body, limits, query_pairs};
use super::parts::Limits;
use super::{faults, once};
use crate::error::{Code, Error, Result};
use crate::values::Text;
use crate::values::digest::of_parts;

/// Every temporary file's name begins with this, so that those a crash left can be swept.
pub const FILE_PREFIX: &str = "yingzhu-upload-";

const MOST_FIELDS: usize = 16;
/// A mapping of thirty people side by side fits.
const LONGEST_TEXT: usize = 8 << 10;
/// Written and digested in blocks of this size, each off the async threads.
const BLOCK: usize = 256 << 10;

/// A received file with what was sent beside it.
#[derive(Debug)]
pub struct Upload {
    /// The file itself; it is deleted when this is dropped.
    pub file: NamedTempFile,
    /// SHA-256 of the bytes, as lower-case hex.
    pub digest: String,
    /// How many bytes; never 0.
    pub bytes: u64,
    /// The media type the caller gave, without parameters; a claim, not a fact.
    pub content_type: Option<String>,
    /// The texts sent beside the file: other fields of the form, and the query's parameters.
    pub form: BTreeMap<String, String>,
}

/// The form that import operations take.
#[derive(Debug, ToSchema)]
pub struct UploadForm {
    /// The file: `.xlsx` or `.xls`, or CSV in UTF-8, UTF-16 or GB 18030, which may be packed (`.gz`).
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

impl Upload {
    /// A text sent beside the file; absent or blank is a 422 that names it.
    pub fn text(&self, name: &str) -> Result<&str> {
        self.form.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).ok_or_else(|| {
            faults::field(format!("/{name}"), "missing", "缺少此项，请补上", "this field is missing: add it")
        })
    }
}

impl FromRequest for Upload {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limits = limits(request);
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
            // A form's own lines add a little; the exact cap is checked while the file arrives.
            let most = limits.upload_bytes.saturating_add(64 << 10);
            if length.and_then(|v| v.parse::<u64>().ok()).is_some_and(|length| length > most) {
                return Err(too_large(&limits));
            }
            let form: BTreeMap<_, _> = query_pairs(request.query_string())?.into_iter().collect();
            let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
            let upload = match content_type.map(essence).as_deref() {
                Some("multipart/form-data") => {
                    receive_form(Multipart::new(request.headers(), payload), &limits, form).await
                }
                kind => {
                    let mut sink = Sink::open(&limits).await?;
                    sink.take_all(payload.map(|chunk| chunk.map_err(|e| broken_body(&e)))).await?;
                    sink.close(kind.map(str::to_owned), form)
                }
            }?;
            // Not of the bytes as sent: the same form sent again has other boundaries.
            once::leave_digest(&request, || {
                let texts = upload.form.iter().flat_map(|(name, text)| [name.as_str(), text.as_str()]);
                of_parts(texts.chain([upload.digest.as_str()]))
            });
            Ok(upload)
        })
    }
}

async fn receive_form(
    mut fields: Multipart,
    limits: &Limits,
    mut form: BTreeMap<String, String>,
) -> Result<Upload> {
    let mut received: Option<(Sink, Option<String>)> = None;
    let mut count = 0;
    while let Some(field) = fields.next().await {
        let mut field = field.map_err(|e| broken_form(&e))?;
        count += 1;
        if count > MOST_FIELDS {
            return Err(form_fault("表单的项目过多", "the form has too many fields"));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if received.is_some() {
                return Err(faults::field(
                    "/file".to_owned(),
                    "duplicate",
                    "一次只能上传一个文件",
                    "send one file at a time",
                ));
            }
            let kind = field.content_type().map(|mime| essence(mime.as_ref()));
            let mut sink = Sink::open(limits).await?;
            sink.take_all(field.map(|chunk| chunk.map_err(|e| broken_form(&e)))).await?;
            received = Some((sink, kind));
        } else {
            let text = field
                .bytes(LONGEST_TEXT)
                .await
                .map_err(|_too_long| form_fault("表单文本过长", "a text of the form is too long"))?
                .map_err(|e| broken_form(&e))?;
            let text = std::str::from_utf8(&text)
                .ok()
                .filter(|text| !text.chars().any(char::is_control))
                .ok_or_else(|| {
                    form_fault("表单文本不是 UTF-8 或含有控制字符", "a text of the form is not plain UTF-8")
                })?;
            if form.insert(name, text.to_owned()).is_some() {
                return Err(form_fault("表单中同一项出现了两次", "a field of the form is given twice"));
            }
        }
    }
    let Some((sink, kind)) = received else {
        return Err(faults::field(
            "/file".to_owned(),
            "missing",
            "表单中没有名为 file 的文件，请补上",
            "the form has no file named \"file\": add it",
        ));
    };
    sink.close(kind, form)
}

/// The temporary file with its running digest and count.
struct Sink {
    state: Option<(NamedTempFile, digest::Context)>,
    waiting: BytesMut,
    bytes: u64,
    limits: Limits,
}

impl Sink {
    async fn open(limits: &Limits) -> Result<Self> {
        let limits = limits.clone();
        let folder = limits.upload_dir.clone();
        let file = off_thread(move || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(FILE_PREFIX);
            // The file is readable by the service's own user only (mode 0600).
            Ok(match folder {
                Some(folder) => builder.tempfile_in(folder)?,
                None => builder.tempfile()?,
            })
        })
        .await?;
        let context = digest::Context::new(&digest::SHA256);
        Ok(Self { state: Some((file, context)), waiting: BytesMut::new(), bytes: 0, limits })
    }

    async fn take_all(&mut self, chunks: impl Stream<Item = Result<Bytes>>) -> Result<()> {
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            self.bytes = self.bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if self.bytes > self.limits.upload_bytes {
                return Err(too_large(&self.limits));
            }
            self.waiting.extend_from_slice(&chunk);
            if self.waiting.len() >= BLOCK {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<()> {
        let block = self.waiting.split().freeze();
        let Some((mut file, mut context)) = self.state.take() else {
            return Err(Error::internal("an upload was written after it failed"));
        };
        let state = off_thread(move || {
            file.write_all(&block)?;
            context.update(&block);
            Ok((file, context))
        })
        .await?;
        self.state = Some(state);
        Ok(())
    }

    fn close(self, content_type: Option<String>, form: BTreeMap<String, String>) -> Result<Upload> {
        let Some((mut file, context)) = self.state else {
            return Err(Error::internal("an upload was closed after it failed"));
        };
        if self.bytes == 0 {
            return Err(Error::new(
                Code::EmptyFile,
                Text::fixed("文件是空的，请检查后重新上传", "the file is empty: check it and send it again"),
            ));
        }
        file.flush()?;
        let digest = context.finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            hex
        });
        Ok(Upload { file, digest, bytes: self.bytes, content_type, form })
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_join| Error::internal("an upload's thread ended"))?
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn too_large(limits: &Limits) -> Error {
    let mib = limits.upload_bytes >> 20;
    Error::new(
        Code::TooLarge,
        Text::new(
            format!("文件超过上限 {mib} MiB，请拆分后分别上传"),
            format!("the file is larger than the limit of {mib} MiB: split it"),
        ),
    )
}

fn form_fault(zh: &'static str, en: &'static str) -> Error {
    Error::new(Code::MalformedRequest, Text::fixed(zh, en))
}

fn broken_form(error: &MultipartError) -> Error {
    match error {
        MultipartError::Payload(e) => broken_body(e),
        _ => form_fault("上传表单不完整或格式有误，请重新上传", "the form is broken: send it again"),
    }
}

/// Makes the folder for uploads, for the service's user only, and sweeps what a crash left there.
pub fn prepare_folder(limits: &Limits) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    /// A younger file may belong to a process that still reads it.
    const LEFT_BEHIND: Duration = Duration::from_hours(1);
    let Some(folder) = &limits.upload_dir else { return Ok(()) };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(FILE_PREFIX));
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if ours && age >= LEFT_BEHIND {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn only_old_uploads_of_ours_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = folder.path().join("data/uploads");
        let limits = Limits { upload_dir: Some(uploads.clone()), ..Limits::default() };
        prepare_folder(&limits).unwrap();
        let old = SystemTime::now() - Duration::from_hours(2);
        for (name, age) in
            [("yingzhu-upload-old", Some(old)), ("yingzhu-upload-new", None), ("other", Some(old))]
        {
            let file = std::fs::File::create(uploads.join(name)).unwrap();
            if let Some(time) = age {
                file.set_modified(time).unwrap();
            }
        }
        prepare_folder(&limits).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(&uploads)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["other", "yingzhu-upload-new"]);
    }

    #[test]
    fn nobody_else_may_look_into_the_folder() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let uploads = folder.path().join("uploads");
        prepare_folder(&Limits { upload_dir: Some(uploads.clone()), ..Limits::default() }).unwrap();
        assert_eq!(std::fs::metadata(uploads).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
