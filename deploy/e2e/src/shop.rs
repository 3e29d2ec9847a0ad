//! The bundled example, *the shop*: its components become images in a registry and its manifests objects in a cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kube::Client;
use serde_json::Value;

use crate::binaries::repository_root;
use crate::manifests;
use crate::registry::Registry;

/// The example's folder: `components/*.wasm` and `manifests/*.yaml`.
#[derive(Debug, Clone)]
pub struct Shop {
    directory: PathBuf,
}

impl Shop {
    /// The bundled one, if this checkout has its components.
    pub fn bundled() -> Option<Self> {
        let shop = Self { directory: repository_root().join("extender/shop") };
        shop.components().is_ok_and(|components| !components.is_empty()).then_some(shop)
    }

    /// Another folder of the same shape.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// The components, by their file's name without `.wasm`.
    pub fn components(&self) -> Result<BTreeMap<String, PathBuf>> {
        let files = files(&self.directory.join("components"), "wasm")?;
        let named = |file: PathBuf| Some((file.file_stem()?.to_str()?.to_owned(), file));
        Ok(files.into_iter().filter_map(named).collect())
    }

    /// Every object of the manifests.
    pub fn documents(&self) -> Result<Vec<Value>> {
        let mut documents = Vec::new();
        for file in files(&self.directory.join("manifests"), "yaml")? {
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let found = manifests::documents(&text).with_context(|| file.display().to_string())?;
            documents.extend(found);
        }
        Ok(documents)
    }

    /// Pushes an image for each one that the objects name, the component of that name or else an ordinary Linux
    /// image, and returns the objects with their images' references changed to the registry's.
    pub async fn push_images(&self, registry: &Registry) -> Result<Vec<Value>> {
        let components = self.components()?;
        let mut documents = self.documents()?;
        for image in documents.iter_mut().flat_map(images) {
            let Value::String(reference) = image else { continue };
            let (name, tag) = name_and_tag(reference);
            let last = name.rsplit('/').next().unwrap_or(&name);
            let pushed = match components.get(last) {
                Some(file) => registry.push_component(&name, &tag, &std::fs::read(file)?).await,
                None => registry.push_linux_image(&name, &tag).await,
            };
            *reference = pushed.with_context(|| format!("cannot push {name}:{tag}"))?.reference;
        }
        Ok(documents)
    }

    /// Pushes the images and applies everything.
    pub async fn install(&self, registry: &Registry, client: &Client) -> Result<()> {
        let documents = self.push_images(registry).await?;
        manifests::apply_documents(client, "default", documents).await
    }
}

/// The images of an object's containers, in a pod or in a workload's template.
fn images(document: &mut Value) -> Vec<&mut Value> {
    let spec = match document.get("kind").and_then(Value::as_str) {
        Some("Pod") => document.pointer_mut("/spec"),
        Some("CronJob") => document.pointer_mut("/spec/jobTemplate/spec/template/spec"),
        _ => document.pointer_mut("/spec/template/spec"),
    };
    let lists = spec.and_then(Value::as_object_mut).into_iter().flatten();
    let containers = lists.filter(|(key, _)| ["containers", "initContainers"].contains(&key.as_str()));
    let containers = containers.filter_map(|(_, list)| list.as_array_mut()).flatten();
    containers.filter_map(|container| container.get_mut("image")).collect()
}

/// `registry.example/shop/gateway:1.0.0` is `shop/gateway` and `1.0.0`.
fn name_and_tag(reference: &str) -> (String, String) {
    let path = match reference.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
        _ => reference,
    };
    let (name, tag) = path.rsplit_once(':').unwrap_or((path, "latest"));
    (name.to_owned(), tag.to_owned())
}

fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_its_name_and_tag_in_another_registry() {
        let split = |reference| {
            let (name, tag) = name_and_tag(reference);
            format!("{name} {tag}")
        };
        assert_eq!(split("registry.example/shop/gateway:1.0.0"), "shop/gateway 1.0.0");
        assert_eq!(split("127.0.0.1:5000/shop/gateway"), "shop/gateway latest");
        assert_eq!(split("nginx:1.27"), "nginx 1.27");
    }
}
