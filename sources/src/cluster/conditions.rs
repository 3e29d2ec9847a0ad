//! The condition that tells a waiting pod, and whoever describes it, that its image was read.
//!
//! kube-scheduler does not know when an extender would answer differently. It does try a pod again when the pod's own
//! conditions change, so this patch is what wakes it; and `kubectl describe pod` shows it.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, PartialObjectMeta, Patch, PatchParams};
use serde_json::json;
use thiserror::Error;
use wit_placement::{PodKey, PodUid};

/// The type of the condition.
pub const WORLD_READ: &str = "wit-placement.dev/WorldRead";

/// The name under which the API server records our writes.
const FIELD_MANAGER: &str = "wit-placement";

/// What became of the patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeOutcome {
    /// The pod carries the condition.
    Woken,
    /// The pod is gone, or another one has its name: there is nobody to wake.
    Gone,
}

/// The condition could not be written.
#[derive(Debug, Error)]
#[error("condition {WORLD_READ} of pod {pod} could not be written")]
pub struct WakeError {
    /// The pod.
    pub pod: PodKey,
    /// What the API server said.
    #[source]
    pub source: kube::Error,
}

impl WakeError {
    /// Whether we lack the right to write conditions (`patch` on `pods/status`), which trying again does not change.
    pub fn is_forbidden(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 403)
    }
}

/// Sets the condition [`WORLD_READ`] on the pod with this UID: `status` says whether its world is known, `reason` is
/// one word in camel case, `message` is for people.
///
/// A patch that changes nothing wakes nobody, and of the condition's time the API server keeps whole seconds. So the
/// message ends with the time of day in more detail (`its world is known (at 12:03:04.123456 UTC)`): every patch changes
/// the pod, whatever it said before.
///
/// # Errors
/// Where the API server cannot be reached or refuses; a pod that is gone is no error.
pub async fn wake(
    client: &kube::Client,
    pod: &PodKey,
    uid: &PodUid,
    reason: &str,
    message: &str,
    status: bool,
) -> Result<WakeOutcome, WakeError> {
    let pods: Api<PartialObjectMeta<Pod>> = Api::namespaced(client.clone(), &pod.namespace);
    let now = Timestamp::now();
    let patch = Patch::Strategic(json!({
        // Another pod under the same name has another UID, and the API server refuses to change that.
        "metadata": { "uid": uid.0 },
        "status": { "conditions": [{
            "type": WORLD_READ,
            "status": if status { "True" } else { "False" },
            "reason": reason,
            "message": format!("{message} (at {} UTC)", now.strftime("%H:%M:%S%.6f")),
            "lastTransitionTime": now.to_string(),
        }]},
    }));
    match pods.patch_status(&pod.name, &PatchParams::apply(FIELD_MANAGER), &patch).await {
        Ok(_) => Ok(WakeOutcome::Woken),
        Err(kube::Error::Api(status)) if is_gone(&status) => Ok(WakeOutcome::Gone),
        Err(source) => Err(WakeError { pod: pod.clone(), source }),
    }
}

/// Not found; or the UID in the patch is not that of the pod.
fn is_gone(status: &kube::core::Status) -> bool {
    let names_uid = status.message.contains("metadata.uid")
        || status.message.to_lowercase().contains("uid in precondition");
    status.code == 404 || (matches!(status.code, 409 | 422) && names_uid)
}

#[cfg(test)]
mod tests;
