//! Applies YAML as people write it and as `kubectl get -o yaml` prints it.

use anyhow::{Context, Result};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};

/// What the API server fills in and does not take from others. Owners go too where there is a `uid`: those of another
/// cluster do not exist here, and the garbage collector would remove their children.
const FROM_ANOTHER_SERVER: [&str; 6] =
    ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences"];

/// Applies every document of a YAML text; see [`apply_documents`].
pub async fn apply(client: &Client, namespace: &str, yaml: &str) -> Result<()> {
    apply_documents(client, namespace, documents(yaml)?).await
}

/// The documents of a YAML text; the items of a `List` stand for themselves.
pub fn documents(yaml: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).context("the manifests are not YAML")?;
    let items = |document: Value| match document.get("items") {
        Some(Value::Array(items)) => items.clone(),
        _ => vec![document],
    };
    Ok(documents.into_iter().filter(|document| !document.is_null()).flat_map(items).collect())
}

/// Applies objects: what does not exist is created, what does is merged into. One of a namespaced kind without a namespace
/// goes to `namespace`. Namespaces come first, then what pods need, whatever the order given.
pub async fn apply_documents(client: &Client, namespace: &str, mut documents: Vec<Value>) -> Result<()> {
    documents.sort_by_key(|document| match document.get("kind").and_then(Value::as_str) {
        Some("Namespace") => 0,
        Some("Node" | "RuntimeClass") => 1,
        _ => 2,
    });
    for document in &mut documents {
        forget_other_server(document);
        apply_one(client, namespace, document).await?;
    }
    Ok(())
}

fn forget_other_server(document: &mut Value) {
    let metadata = document.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(metadata) = metadata.filter(|metadata| metadata.contains_key("uid")) {
        metadata.retain(|key, _| !FROM_ANOTHER_SERVER.contains(&key.as_str()));
    }
}

async fn apply_one(client: &Client, namespace: &str, document: &Value) -> Result<()> {
    let object: DynamicObject =
        serde_json::from_value(document.clone()).context("a document is not a Kubernetes object")?;
    let types = object.types.as_ref().context("a document has no apiVersion and kind")?;
    let (name, kind) = (object.name_any(), types.kind.clone());
    let (resource, capabilities) = pinned_kind(client, &GroupVersionKind::try_from(types)?)
        .await
        .with_context(|| format!("the API server does not know {} {kind}", types.api_version))?;
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let own = object.metadata.namespace.as_deref();
            Api::namespaced_with(client.clone(), own.unwrap_or(namespace), &resource)
        }
    };
    write(&api, &name, &object, document).await.with_context(|| format!("cannot apply {kind} {name}"))
}

async fn write(
    api: &Api<DynamicObject>,
    name: &str,
    object: &DynamicObject,
    document: &Value,
) -> kube::Result<()> {
    match api.create(&PostParams::default(), object).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            api.patch(name, &PatchParams::default(), &Patch::Merge(document)).await?;
        }
        created => drop(created?),
    }
    // A new node keeps its status; the status of most other kinds is taken through the sub-resource only.
    if let Some(status) = document.get("status") {
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await?;
    }
    Ok(())
}
