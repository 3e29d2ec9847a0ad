//! A live cluster, read once through a kubeconfig: nothing but lists is asked for.

use std::path::Path;

use anyhow::Context;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

use super::{ImportError, ImportProblem};

/// How many objects are asked for at once.
const PAGE: u32 = 500;

/// What a cluster held when it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// The host of its API server.
    pub server: String,
    /// Its nodes, runtime classes, workloads and pods.
    pub objects: Vec<Value>,
}

/// Reads the cluster of a kubeconfig and a context; without them that of `kubectl`, or that in which this runs.
///
/// # Errors
/// Where there is no such cluster, and each kind that cannot be listed.
pub fn read(kubeconfig: Option<&Path>, context: Option<&str>) -> anyhow::Result<Live> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, server) = connect(kubeconfig, context).await?;
        Ok(Live { objects: objects(&client, &server).await?, server })
    })
}

/// A client of the cluster, and the host of its API server.
///
/// # Errors
/// Where there is no such cluster.
pub async fn connect(kubeconfig: Option<&Path>, context: Option<&str>) -> anyhow::Result<(Client, String)> {
    let config = config(kubeconfig, context).await.context("no cluster can be read")?;
    let server = config.cluster_url.host().unwrap_or_default().to_owned();
    Ok((Client::try_from(config).context("no cluster can be read")?, server))
}

/// Asks for one object of each kind.
///
/// # Errors
/// Each kind that cannot be listed.
pub async fn check(client: &Client, server: &str) -> Result<(), ImportError> {
    let mut problems = Vec::new();
    for kind in kinds() {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind);
        if let Err(error) = api.list(&ListParams::default().limit(1)).await {
            problems.push(refused(server, kind, &error.into()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ImportError { problems }) }
}

/// What is read of a cluster.
pub(crate) fn kinds() -> [ApiResource; 8] {
    [
        ApiResource::erase::<RuntimeClass>(&()),
        ApiResource::erase::<Node>(&()),
        ApiResource::erase::<Deployment>(&()),
        ApiResource::erase::<StatefulSet>(&()),
        ApiResource::erase::<DaemonSet>(&()),
        ApiResource::erase::<ReplicaSet>(&()),
        ApiResource::erase::<Job>(&()),
        ApiResource::erase::<Pod>(&()),
    ]
}

fn refused(server: &str, kind: ApiResource, error: &anyhow::Error) -> ImportProblem {
    let message = format!("cannot be listed: {error}");
    ImportProblem { file: server.to_owned(), place: kind.plural, message }
}

async fn config(kubeconfig: Option<&Path>, context: Option<&str>) -> anyhow::Result<Config> {
    if kubeconfig.is_none() && context.is_none() {
        return Ok(Config::infer().await?);
    }
    let kubeconfig = kubeconfig.map_or_else(Kubeconfig::read, Kubeconfig::read_from)?;
    let options =
        KubeConfigOptions { context: context.map(ToOwned::to_owned), ..KubeConfigOptions::default() };
    Ok(Config::from_custom_kubeconfig(kubeconfig, &options).await?)
}

async fn objects(client: &Client, server: &str) -> Result<Vec<Value>, ImportError> {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for kind in kinds() {
        match list(client, &kind).await {
            Ok(listed) => objects.extend(listed),
            Err(error) => problems.push(refused(server, kind, &error)),
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(ImportError { problems }) }
}

/// Every object of a kind, page by page.
async fn list(client: &Client, kind: &ApiResource) -> anyhow::Result<Vec<Value>> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), kind);
    let mut objects = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let listed = api.list(&page).await?;
        for object in listed.items {
            let mut object = serde_json::to_value(object)?;
            // The items of a list do not say what they are.
            if let Some(fields) = object.as_object_mut() {
                fields.insert("apiVersion".to_owned(), kind.api_version.clone().into());
                fields.insert("kind".to_owned(), kind.kind.clone().into());
            }
            objects.push(object);
        }
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(objects),
        }
    }
}
