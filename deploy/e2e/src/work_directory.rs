//! The temporary folder of one harness: data, certificates, kubeconfigs and logs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Set to keep the folder of a run that ends well, for a look at its logs; one that ends in a panic is always kept.
pub const KEEP_VARIABLE: &str = "WIT_E2E_KEEP";

const PREFIX: &str = "wit-e2e-";

/// A folder that goes away with the harness, and at the latest when the next one starts.
#[derive(Debug)]
pub struct WorkDirectory {
    directory: Option<TempDir>,
    path: PathBuf,
}

impl WorkDirectory {
    /// Makes a new folder under the system's place for temporary files, after removing those of harnesses that are gone.
    pub fn create() -> Result<Self> {
        let parent = std::env::temp_dir();
        remove_abandoned(&parent);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let directory = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&parent)
            .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        let path = directory.path().to_owned();
        Ok(Self { directory: Some(directory), path })
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder inside and returns its path.
    pub fn subdirectory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(path)
    }

    /// Writes a file inside and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        let wanted = std::thread::panicking() || std::env::var_os(KEEP_VARIABLE).is_some();
        if let Some(directory) = self.directory.take().filter(|_| wanted) {
            let _kept = directory.keep();
        }
    }
}

/// A static that is never dropped, or a SIGKILL, leaves a folder behind; its name says whose it was. The folder of a
/// failed run stays until another harness starts.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(owner.to_string()).exists() {
            // Another user's folder, or another harness was faster: neither is our business.
            let _ignored = std::fs::remove_dir_all(entry.path());
        }
    }
}
